import { deployAgain, type KnownCause } from './known-cause.ts';

const FUNCTION = /^AWS::(Lambda|Serverless)::/;
const MIB_250 = 262_144_000;

/** Causes in the code of functions: images, archives, layers, runtimes, environment. */
export const KNOWN_CODE_CAUSES: readonly KnownCause[] = [
  {
    // An index (several platforms, or one with attestations) is refused: aws/aws-lambda-roadmap issue 82, serverless/serverless issue 12933.
    id: 'image-manifest',
    reason: /image manifest\b.* not supported|layer media type for the source image/is,
    hint: (_, facts) =>
      `Lambda takes an image of one platform without attestations, not an index. Let this tool build it from its Dockerfile (${deployAgain(facts)}), or build it with docker buildx build --provenance=false --sbom=false`,
  },
  {
    id: 'image-not-found',
    reason: /Source image (\S+) (?:does not exist|is not valid)/i,
    hint: (match) =>
      `Lambda finds no such image in ECR of its own region and account: check it with aws ecr describe-images, and push it again with this tool by removing "${match[1]}" from the template in favour of a Dockerfile`,
  },
  {
    // Lambda writes itself into the policy when the caller may do that: Lambda developer guide, "Create a function using a container image".
    id: 'image-permission',
    reason: /does not have permission to access the ECR image/i,
    hint: 'The policy of the ECR repository must let lambda.amazonaws.com read it (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer). Lambda adds that by itself when the deploying identity has ecr:GetRepositoryPolicy and ecr:SetRepositoryPolicy: see docs/iam-policy.md',
  },
  {
    id: 'image-architecture',
    reason: /exec format error|image.{0,40}architecture|architecture.{0,60}image/is,
    hint: (_, { logicalId }) =>
      `The image was built for another processor than the function says: set Architectures of ${logicalId} to arm64 or x86_64 as the image is, or remove the image's own platform and deploy again`,
  },
  {
    id: 'layer-incompatible',
    reason: /(?:layer|layers)\b.*(?:not compatible|incompatible|architecture)/is,
    type: FUNCTION,
    hint: 'A layer is for another runtime or processor than the function: look at its CompatibleArchitectures with aws lambda get-layer-version-by-arn, and take the layer for the right one',
  },
  {
    id: 'layer-missing',
    reason: /Layer version (\S+?) does not exist|lambda:GetLayerVersion on resource: (\S+)/i,
    hint: (match) =>
      `The layer ${match[1] ?? match[2] ?? ''} is not there, or its owner has not shared this version with the account. Layers belong to a region: check region and version in its ARN with aws lambda get-layer-version-by-arn`,
  },
  {
    id: 'layers-too-large',
    reason: /layers consume more than the available size|combined with layers exceeds the maximum allowed size/i,
    hint: `Code and layers together may have 250 MB unzipped (${MIB_250} bytes): leave out layers, or use a container image (up to 10 GB). When code moves into a layer, the layer comes first: deploy the function once without what moves`,
  },
  {
    // Lambda developer guide, "Lambda quotas".
    id: 'code-too-large',
    reason: /Unzipped size must be smaller than (\d+) bytes/i,
    hint: 'Code and layers may have 250 MB unzipped. Leave files out with a .lambdaignore, or make it a container image (PackageType: Image, up to 10 GB)',
  },
  {
    id: 'request-too-large',
    reason: /Request must be smaller than \d+ bytes/i,
    hint: 'The zip is too large to be sent with a request: it has to lie in S3. Name a local directory as CodeUri and deploy with --s3-bucket or --resolve-s3',
  },
  {
    id: 'code-storage',
    reason: /Code storage limit exceeded|CodeStorageExceeded/i,
    hint: 'Old versions of functions and layers fill the storage of the region. Delete versions that nothing uses (aws lambda list-versions-by-function, delete-function), or ask for more in Service Quotas: "Function and layer storage"',
  },
  {
    // Lambda developer guide, "Lambda runtimes": creation is blocked a month before updates are.
    id: 'runtime-ended',
    reason: /runtime parameter of (\S+) is no longer supported.*?(?:We recommend you use a supported runtime|recommended|$)/is,
    hint: (match) =>
      `AWS takes no functions with ${match[1]} any more. Set a current Runtime in the template; lambda-tool validate names those that end soon`,
  },
  {
    id: 'runtime-unknown',
    reason: /Value (\S+) at 'runtime' failed to satisfy constraint/i,
    hint: (match) => `Lambda knows no runtime ${match[1]} in this region: mend the name, or remove Runtime when the code is an image`,
  },
  {
    id: 'code-other-region',
    reason: /PermanentRedirect|(?:bucket is in this region|must be in the same region)(?:: ([a-z0-9-]+))?/i,
    hint: (match, facts) => {
      const region = /bucket is in this region: ([a-z]{2}[a-z0-9-]+)/i.exec(match.input)?.[1];
      return `The bucket with the code is ${region === undefined ? 'in another region' : `in ${region}`}; Lambda reads code of its own region only. ${deployAgain(facts, ' --resolve-s3')} uploads it to a bucket of the right one`;
    },
  },
  {
    id: 'code-missing',
    reason: /NoSuchKey|NoSuchVersion|NoSuchBucket|specified (?:key|bucket|version) does not exist|S3 Error Code: 404/i,
    hint: (_, facts) =>
      `The object that the template names is not in the bucket (any more): deleted by a lifecycle rule, or written by hand. ${deployAgain(facts)} uploads what is missing, as long as the template names local code`,
  },
  {
    id: 'code-denied',
    reason: /Your access has been denied by S3|S3 Error Code: AccessDenied|GetObject.{0,80}AccessDenied/is,
    hint: 'Whoever makes the function (this identity, or --cloudformation-role) may not read the code in S3: it needs s3:GetObject (and s3:GetObjectVersion) on the bucket, and kms:Decrypt when the bucket has a key of its own',
  },
  {
    id: 'environment-too-large',
    reason: /environment variables you have provided exceeded the 4KB limit/i,
    hint: 'The environment of a function may have 4 KB in all: put large values into the SSM parameter store and read them at start',
  },
  {
    id: 'environment-reserved',
    reason: /reserved keys that are currently not supported for modification.*?Reserved keys used in this request: ([\w, ]+)/is,
    hint: (match) => `Lambda sets ${match[1]?.trim()} by itself: remove it from Environment.Variables`,
  },
  {
    // New accounts begin with 3008 MB: Lambda developer guide, "Lambda quotas".
    id: 'memory-size',
    reason: /'MemorySize' value failed to satisfy constraint|at 'memorySize' failed to satisfy constraint/i,
    hint: 'The account may not give a function so much memory (new accounts begin with 3008 MB): lower MemorySize, or open a support case; Service Quotas does not list it',
  },
  {
    id: 'reserved-concurrency',
    reason:
      /ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of \[(\d+)\]/i,
    hint: (match) =>
      `At least ${match[1]} concurrent executions must stay free for functions without a reservation. Lower or remove ReservedConcurrentExecutions, or raise Service Quotas > AWS Lambda > "Concurrent executions" (L-B99A9384)`,
  },
  {
    id: 'function-pending',
    reason: /function is currently in the following state: (?:Pending|Creating)|An update is in progress for resource/i,
    hint: (_, facts) => `Another change of the same function was still under way. Wait a minute, then: ${deployAgain(facts)}`,
  },
  {
    // Hyperplane interfaces are made once for each pair of subnet and security group: Lambda developer guide, "Giving Lambda functions access to resources in a VPC".
    id: 'vpc-rights',
    reason: /execution role does not have permissions to call (CreateNetworkInterface|DescribeNetworkInterfaces|DeleteNetworkInterface)/i,
    hint: 'A function in a VPC makes network interfaces with its own role: attach the managed policy service-role/AWSLambdaVPCAccessExecutionRole to the role (SAM: Policies: [AWSLambdaVPCAccessExecutionRole]), and let the function depend on it',
  },
  {
    id: 'execution-role-rights',
    reason: /execution role does not have permissions to call (\w+) on (\w+)/i,
    hint: (match) =>
      `The function's own role may not ${match[1]} on ${match[2]}, which its event source or destination needs: add that to Policies of the function`,
  },
];
