// Loaded when a file is not plain JSON. What is named here is bundled, the rest of the package is not.
export { parse, printParseErrorCode } from 'jsonc-parser';
