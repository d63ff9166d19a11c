// What @trustnxt/c2pa-ts says of a file: one line of JSON. Usage: node c2pa_ts.mjs FILE
import { readFile } from "node:fs/promises";
import { BMFF, JPEG, PNG } from "@trustnxt/c2pa-ts/asset";
import { SuperBox } from "@trustnxt/c2pa-ts/jumbf";
import { ManifestStore, ValidationResult } from "@trustnxt/c2pa-ts/manifest";

const data = await readFile(process.argv[2]);
const kind = [JPEG, PNG, BMFF].find((candidate) => candidate.canRead(data));
const asset = new kind(data);
const store = asset.getManifestJUMBF();
let result = null;
if (store) {
  try {
    result = await ManifestStore.read(SuperBox.fromBuffer(store)).validate(asset);
  } catch (error) {
    result = ValidationResult.fromError(error);
  }
}
const entries = result?.statusEntries ?? [];
console.log(JSON.stringify({
  found: Boolean(store),
  valid: result?.isValid ?? false,
  failures: entries.filter(({ success }) => !success).map(({ code, explanation }) => [code, explanation]),
  passed: entries.filter(({ success }) => success).map(({ code }) => code),
}));
