import type { Path, Template } from '../template/types.ts';

export type Architecture = 'x86_64' | 'arm64';

/** One place in the template that refers to an artefact and is rewritten once it is published. */
export interface ArtifactUse {
  readonly logicalId: string;
  readonly resourceType: string;
  /** Path of the property that holds the local reference, e.g. ['Resources', 'Fn', 'Properties', 'CodeUri']. */
  readonly path: Path;
  /** How the location is written back; see `LocationForm`. */
  readonly form: LocationForm;
  /** For a resource in a loop: the rounds that use this artefact. Other rounds may use another in the same place. */
  readonly loop?: LoopRounds | undefined;
  /** For code of a function whose handler is known: what has to be in the package. */
  readonly handler?: FunctionHandler | undefined;
  /** For code of a function: logical ids of its layers that are in the same template. */
  readonly layers?: readonly string[] | undefined;
  /** 1-based line of the reference in the template, for messages; absent when it has no place of its own. */
  readonly line?: number | undefined;
  /** Who says what runs in the container of an image: the template; nobody knows; absent: only the image itself. */
  readonly command?: 'template' | 'unknown' | undefined;
}

/** Where Lambda starts a function whose code is in its package, and not in a layer. */
export interface FunctionHandler {
  readonly runtime: string;
  /** `src/app.handler`; not needed by `provided` runtimes. */
  readonly name?: string | undefined;
}

/** Rounds of the loops (`Fn::ForEach`) around a resource, the outermost loop first. */
export interface LoopRounds {
  readonly variables: readonly string[];
  /** The values of the variables in each round. */
  readonly rounds: readonly (readonly string[])[];
}

/**
 * How a published location is written into a property:
 * - `s3-uri`: `s3://bucket/key` as a string
 * - `s3-https-url`: `https://s3.<region>.<suffix>/bucket/key` as a string
 * - `s3-object`: an object whose keys have the names given (`{ S3Bucket, S3Key, S3ObjectVersion }`)
 * - `image-uri`: `repository@sha256:…` as a string
 */
export type LocationForm =
  | { readonly type: 's3-uri' }
  | { readonly type: 's3-https-url' }
  | { readonly type: 's3-object'; readonly bucket: string; readonly key: string; readonly version?: string | undefined }
  | { readonly type: 'image-uri' };

interface ArtifactBase {
  /** Where the reference stands in the template; several uses of one artefact are built and published once. */
  readonly uses: readonly ArtifactUse[];
}

/** How a directory becomes code, as the metadata of its resource says. All paths are relative to the directory. */
export type BuildRecipe =
  | {
      readonly kind: 'esbuild';
      /** Files to bundle; without an extension `.ts`, `.js` and their relatives are tried. */
      readonly entryPoints: readonly string[];
      /** Further arguments, defaults included. */
      readonly switches: readonly string[];
    }
  | {
      readonly kind: 'program';
      /** What messages call it: `make build-Api`, `npm run build`. */
      readonly title: string;
      readonly command: readonly string[];
      /** Where it runs; `.` for the directory itself. */
      readonly directory: string;
      /** What it makes: a directory, or one file; without it everything that is in ARTIFACTS_DIR afterwards. */
      readonly output?: string | undefined;
      /** Run where the source is, each time anew, and not in a copy. */
      readonly inSource: boolean;
    };

/** Code that becomes (or is) a zip in S3. */
export interface ZipArtifact extends ArtifactBase {
  readonly kind: 'zip';
  /** Absolute path: a directory, a single file to be zipped, or a ready `.zip`. */
  readonly path: string;
  /**
   * `directory`: zipped as it is; `file`: one file zipped alone; `zip`: uploaded as it is;
   * `dotnet`: a directory with one project file, the project file itself, or a single `.cs` file, published with `dotnet publish` first;
   * `build`: a directory that `build` makes the code from.
   */
  readonly source: 'directory' | 'file' | 'zip' | 'dotnet' | 'build';
  /** Set for the source `build` only. */
  readonly build?: BuildRecipe | undefined;
  readonly architecture: Architecture;
  /** The function's runtime where the template says one (`dotnet10`, `nodejs24.x`, …). */
  readonly runtime?: string | undefined;
}

/** A file that is uploaded as it is (an OpenAPI document, a state machine definition, …). */
export interface FileArtifact extends ArtifactBase {
  readonly kind: 'file';
  /** Absolute path. */
  readonly path: string;
}

/**
 * The template of a nested stack. Its own artefacts are published first; then it is rewritten (`rewriteTemplate(template, published)`)
 * and the text that comes out is uploaded, keyed by its content.
 */
export interface TemplateArtifact extends ArtifactBase {
  readonly kind: 'template';
  /** Absolute path. */
  readonly path: string;
  readonly template: Template;
  /** What the nested template refers to; their uses are places in the nested template. May hold further templates. */
  readonly artifacts: readonly Artifact[];
}

/** An image that is built here and pushed to ECR. */
export interface ImageArtifact extends ArtifactBase {
  readonly kind: 'image';
  /** Absolute path of the build context directory. */
  readonly context: string;
  /** Path of the Dockerfile, absolute. */
  readonly dockerfile: string;
  /** `DockerBuildArgs`: name → value; null takes the value from the environment, as `docker build --build-arg NAME` does. */
  readonly buildArgs: Readonly<Record<string, string | null>>;
  /** `DockerBuildOptions`: switches as the docker command has them, in place of `--docker-build-options`. */
  readonly buildOptions?: string | undefined;
  /** `DockerBuildTarget`: the stage to build. */
  readonly target?: string | undefined;
  readonly architecture: Architecture;
  /** `DockerTag`: `name[:tag]`, lower-cased; names the ECR repository. */
  readonly imageTag?: string | undefined;
  /** Absolute path of the directory of the .NET project, where that is not the build context. */
  readonly projectDirectory?: string | undefined;
  /** `DockerHostBuildOutputDir`: run `dotnet publish` into this directory of the project before the image build. */
  readonly hostBuildOutputDir?: string | undefined;
}

/** An image that exists already, in the engine or on disk, and only has to be pushed (`ImageUri: my-app:latest`). */
export interface LocalImageArtifact extends ArtifactBase {
  readonly kind: 'local-image';
  /** Name the engine knows it by; for an archive only its file name, for messages. */
  readonly reference: string;
  /** Absolute path of an image archive (`.tar`, `.tar.gz`, `.tgz`) or of the directory of an OCI layout; no engine is needed for it. */
  readonly archive?: string | undefined;
  readonly architecture: Architecture;
  readonly imageTag?: string | undefined;
}

export type Artifact = ZipArtifact | FileArtifact | TemplateArtifact | ImageArtifact | LocalImageArtifact;

/** Where a published artefact is. */
export type Location =
  | { readonly type: 's3'; readonly bucket: string; readonly key: string; readonly versionId?: string | undefined; readonly region: string }
  | { readonly type: 'image'; readonly repositoryUri: string; readonly tag: string; /** `sha256:…` */ readonly digest: string };

/** What became of an artefact in this run. */
export interface PublishedArtifact {
  readonly artifact: Artifact;
  readonly location: Location;
  /** Hex SHA-256 of every input (zip, file), or the manifest digest `sha256:…` (image). */
  readonly digest: string;
  /** False when the result was found where it belongs, so that nothing had to be built. */
  readonly built: boolean;
  /** False when it was there already, so that nothing was uploaded or pushed. */
  readonly published: boolean;
  /** What a nested template refers to. */
  readonly parts?: readonly PublishedArtifact[] | undefined;
}
