/** The part of jstat that is used; the package ships no types. */
declare module "jstat" {
  const jstat: {
    readonly studentt: {
      /** Quantile of Student's t distribution. */
      inv(probability: number, degreesOfFreedom: number): number;
    };
  };
  export default jstat;
}
