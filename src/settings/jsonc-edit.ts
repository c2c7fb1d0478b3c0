// Loaded when something is saved. What is named here is bundled, the rest of the package is not.
export { applyEdits, modify } from 'jsonc-parser';
