import { describe, expect, it } from 'vitest';

import { typeName } from '../../src/inventory/type-name.ts';

describe('the name of a resource type', () => {
  it.each([
    ['AWS::Lambda::Function', 'Lambda function'],
    ['AWS::IAM::Role', 'IAM role'],
    ['AWS::S3::Bucket', 'S3 bucket'],
    ['AWS::Lambda::Url', 'Lambda URL'],
    ['AWS::ApiGateway::RestApi', 'API Gateway REST API'],
    ['AWS::ApiGatewayV2::Stage', 'API Gateway stage'],
    ['AWS::RDS::DBInstance', 'RDS DB instance'],
    ['AWS::EC2::VPCEndpoint', 'EC2 VPC endpoint'],
    ['AWS::CloudFormation::Stack', 'CloudFormation stack'],
    ['MongoDB::Atlas::Cluster', 'MongoDB Atlas cluster'],
    ['Custom::SeedData', 'SeedData (custom resource)'],
  ])('%s is "%s"', (type, name) => {
    expect(typeName(type)).toBe(name);
  });
});
