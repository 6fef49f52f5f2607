// Loads the parts of the browser half. A part's file names the pieces it needs, its own last, and holds those that are not in the
// file of what many parts share.
import { initSync } from "./NAME.js";

const files = {}, pieces = [], made = [];
let lent;
const imports = () => {
    if (!lent) {
        const { SHARED } = initSync();
        lent = { __wasm_split: { SHARED } };
    }
    return lent;
};
const file = (name) => (files[name] ??= fetch(new URL(`./NAME_${name}.wasm`, import.meta.url))
    .then(async (answer) => {
        if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
        return unpacked(await answer.arrayBuffer());
    })
    // Asked for again, it is tried again.
    .catch((error) => { delete files[name]; throw error; }));
// How many pieces are needed, and which; how many are within, and which; for each of the twelve kinds of sections how long it is in each
// of these; then the sections, kind by kind.
const unpacked = (bytes) => {
    const view = new DataView(bytes);
    let at = 0;
    const number = () => view.getUint32((at += 4) - 4, true);
    const numbers = (count) => Array.from({ length: count }, number);
    const needed = numbers(number()), within = numbers(number());
    const kinds = Array.from({ length: 12 }, () => numbers(within.length));
    const modules = within.map((_, piece) => {
        const module = new Uint8Array(kinds.reduce((sum, lengths) => sum + lengths[piece], 8));
        module.set([0, 97, 115, 109, 1]);
        return module;
    });
    const ends = within.map(() => 8);
    for (const lengths of kinds) {
        lengths.forEach((length, piece) => {
            modules[piece].set(new Uint8Array(bytes, at, length), ends[piece]);
            ends[piece] += length;
            at += length;
        });
    }
    within.forEach((id, piece) => { pieces[id] ??= modules[piece]; });
    return needed;
};
const make = (id) => (made[id] ??= WebAssembly.instantiate(pieces[id], imports()));
const load = async (name) => {
    // Named after those it lies in, which hold some of what it needs.
    const around = name.split("__").map((_, depth, path) => path.slice(0, depth + 1).join("__"));
    const opened = await Promise.all(["COMMON", ...around].map(file));
    const needed = opened.at(-1);
    await Promise.all(needed.slice(0, -1).map(make));
    await make(needed.at(-1));
};
// What WebAssembly calls, and which function it wants to be called back.
const part = (name) => async (callback, data) => {
    let good = true;
    try {
        await load(name);
    } catch (error) {
        console.error(error);
        good = false;
    }
    imports().__wasm_split.__indirect_function_table.get(callback)(data, good);
};
