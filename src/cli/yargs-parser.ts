// A module of its own, so that the bundle holds of yargs only what is named here: a dynamic import of a package takes in all of it.
export { Parser } from 'yargs/helpers';
