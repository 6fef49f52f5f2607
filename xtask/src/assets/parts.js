// The files that have been asked for, and the pieces that have come.
const files = {}, pieces = [];
const file = (name) => (files[name] ??= fetch(new URL(`./NAME_${name}.wasm`, import.meta.url))
    .then(async (answer) => {
        if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
        const bytes = await answer.arrayBuffer();
        const view = new DataView(bytes);
        // Each piece after its number and its length.
        for (let at = 0, end; at < bytes.byteLength; at = end) {
            end = at + 8 + view.getUint32(at + 4, true);
            pieces[view.getUint32(at, true)] ??= new Uint8Array(bytes, at + 8, end - at - 8);
        }
    })
    // Asked for again, it is tried again.
    .catch((error) => { delete files[name]; throw error; }));
const within = (name, load) => async () => {
    await Promise.all([file("common"), file(name)]);
    return load();
};
const piece = (id) => async (imports) => WebAssembly.instantiate(pieces[id], imports);
