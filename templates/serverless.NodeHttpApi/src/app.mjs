import { createRouter, json } from './router.mjs';

const route = createRouter({
  'GET /': () => json(200, { message: 'Hello from __NAME__', try: ['GET /hello/{name}', 'POST /echo'] }),

  'GET /hello/{name}': ({ params, query }) => {
    const greeting = query.get('greeting') ?? 'Hello';
    return json(200, { message: `${greeting}, ${params.name}!` });
  },

  'POST /echo': ({ body }) => json(200, { received: body }),
});

/**
 * Where Lambda enters: `src/app.handler` in serverless.template. The event has payload format 2.0, which HTTP APIs and
 * function URLs send: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const handler = (event) => route(event);
