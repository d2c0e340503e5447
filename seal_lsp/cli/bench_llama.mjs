// llama.cpp as a contender of `bench typing`, by npm's node-llama-cpp: node bench_llama.mjs WEIGHTS PROMPTS OUT THREADS.
// One sequence for all prompts: its prompt cache is reused from key to key, as an editor plugin does it.
import {createRequire} from "node:module";
import {readFileSync, writeFileSync} from "node:fs";
import {pathToFileURL} from "node:url";

const [weights, promptsFile, out, threads] = process.argv.slice(2);
const here = createRequire(process.cwd() + "/");
const {getLlama, LlamaCompletion} = await import(pathToFileURL(here.resolve("node-llama-cpp")).href);
const {prompts, tokens, long} = JSON.parse(readFileSync(promptsFile, "utf-8"));
const llama = await getLlama({gpu: false, build: "never"});
const model = await llama.loadModel({modelPath: weights});
const options = {maxTokens: tokens, temperature: 0, customStopTriggers: ["\n"]};

async function fresh() {
    const context = await model.createContext({contextSize: 4096, threads: Number(threads)});
    return context.getSequence();
}

const completion = new LlamaCompletion({contextSequence: await fresh()});
const answers = [];
for (const prompt of prompts) {
    const began = performance.now();
    const text = await completion.generateCompletion(prompt, options);
    answers.push({ms: performance.now() - began, text});
}

// speed alone: a long prompt from nothing, then tokens one by one
const sequence = await fresh();
const ids = model.tokenize(long);
let began = performance.now();
let first = true, decoded = 0, prefill = 0;
for await (const _ of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
    if (first) {
        prefill = performance.now() - began;
        began = performance.now();
        first = false;
    } else if (++decoded === tokens)
        break;
}
writeFileSync(out, JSON.stringify({
    answers, prefill_tokens_per_second: 1000 * ids.length / prefill, ms_per_token: (performance.now() - began) / decoded
}));
process.exit(0);
