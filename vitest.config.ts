import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // Most tests wait for programs and servers: one worker for each core, where the default leaves one free.
    maxWorkers: '100%',
    // For a slow and loaded machine: no test waits for one of them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
