/** How far the push of an image is. */
export interface PushProgress {
  /** Image layers that are there: sent, or there before. */
  readonly doneLayers: number;
  readonly layers: number;
  /** Of what has to be sent, as far as that is known. */
  readonly sentBytes: number;
  readonly totalBytes: number;
}
