// Filtering and sorting; the page is complete without it.
const list = document.querySelector("#runs");
const runs = [...document.querySelectorAll(".run")];
const search = document.querySelector("#search");
const wanted = document.querySelector("#status");
const order = document.querySelector("#order");
const shown = document.querySelector("#shown");

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const run of runs) {
    const text = run.dataset.text;
    run.hidden =
      !words.every((word) => text.includes(word)) ||
      (wanted.value !== "" && run.dataset.status !== wanted.value);
    if (!run.hidden) count++;
  }
  shown.textContent = `${count} of ${runs.length} shown`;
}

function sort() {
  const [key, direction] = order.value.split(" ");
  const sign = direction === "down" ? -1 : 1;
  const numberOf = (run) => (run.dataset[key] === "" ? null : Number(run.dataset[key]));
  const sorted = [...runs].sort((a, b) => {
    const [x, y] = [numberOf(a), numberOf(b)];
    // What has no value comes last, whatever the direction.
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (x - y);
  });
  list.append(...sorted);
}

search.addEventListener("input", filter);
wanted.addEventListener("change", filter);
order.addEventListener("change", sort);
document.querySelector("#open").addEventListener("click", () => {
  const visible = runs.filter((run) => !run.hidden);
  const open = visible.some((run) => !run.open);
  for (const run of visible) run.open = open;
});
filter();
