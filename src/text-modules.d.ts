/** Files that are embedded as text: `import text from "./x.md" with { type: "text" }`. */
declare module "*.md" {
  const text: string;
  export default text;
}
declare module "*.py" {
  const text: string;
  export default text;
}
declare module "*.txt" {
  const text: string;
  export default text;
}
declare module "*.cpp" {
  const text: string;
  export default text;
}
declare module "*.css" {
  const text: string;
  export default text;
}
/** A script of a page, not a module of ours. */
declare module "*/page-script.js" {
  const text: string;
  export default text;
}
