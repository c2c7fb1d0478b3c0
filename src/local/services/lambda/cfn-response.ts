/**
 * The module `cfn-response` that Lambda lays beside inline Node.js code which asks for it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
 */
export const CFN_RESPONSE_PATH = 'node_modules/cfn-response/index.js';

export const CFN_RESPONSE = `'use strict';
const https = require('node:https');

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = (event, context, status, data, physicalId, noEcho) => {
  const body = JSON.stringify({
    Status: status,
    Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
    PhysicalResourceId: physicalId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho === true,
    Data: data,
  });
  const { hostname, pathname, search } = new URL(event.ResponseURL);
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const finish = () => {
      context.done();
      resolve();
    };
    const request = https.request({ hostname, port: 443, path: pathname + search, method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', finish);
    });
    request.on('error', (error) => {
      console.log('The answer could not be sent:', error.message);
      finish();
    });
    request.end(body);
  });
};
`;
