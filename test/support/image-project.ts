import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A static busybox is the whole runtime; Debian's busybox-static has it. */
export const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));

/** A Lambda runtime in a few lines of shell: answers every event with `text`. */
function bootstrap(text: string): string {
  return `#!/bin/sh
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  wget -q -S -O /tmp/event "$API/next" 2>/tmp/headers || exit 1
  ID=$(grep -i 'Lambda-Runtime-Aws-Request-Id' /tmp/headers | cut -d: -f2 | tr -d '[:space:]')
  echo "handled by $AWS_LAMBDA_FUNCTION_NAME"
  echo '{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"${text}"}' > /tmp/answer
  wget -q -O /dev/null --post-file /tmp/answer "$API/$ID/response"
done
`;
}

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /tmp /var/task
COPY bootstrap /var/task/bootstrap
WORKDIR /var/task
ENTRYPOINT ["/bin/sh", "/var/task/bootstrap"]
`;

/** An application with one image for two functions, one of them behind an HTTP API. */
export function writeImageProject(folder: string, repository: string, text = 'hello from an image'): void {
  mkdirSync(folder, { recursive: true });
  if (BUSYBOX === undefined) throw new Error('busybox is not on this machine');
  copyFileSync(BUSYBOX, join(folder, 'busybox'));
  chmodSync(join(folder, 'busybox'), 0o755);
  writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE);
  writeBootstrap(folder, text);
  const metadata = `    Metadata:
      Dockerfile: Dockerfile
      DockerContext: .
      DockerTag: ${repository}
`;
  writeFileSync(
    join(folder, 'serverless.template'),
    `# Two functions, one image
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::Function
${metadata}    Properties:
      PackageType: Image
      Events:
        Get: { Type: HttpApi, Properties: { Path: /hello, Method: GET } }
  Worker:
    Type: AWS::Serverless::Function
${metadata}    Properties:
      PackageType: Image
Outputs:
  Url: { Value: !Sub 'https://\${ServerlessHttpApi}.execute-api.\${AWS::Region}.amazonaws.com/hello' }
  WorkerName: { Value: !Ref Worker }
`,
  );
}

export function writeBootstrap(folder: string, text: string): void {
  writeFileSync(join(folder, 'bootstrap'), bootstrap(text), { mode: 0o755 });
}
