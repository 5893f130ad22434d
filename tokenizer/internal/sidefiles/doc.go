// Package sidefiles says what the files beside tokenizer.json make of a tokenizer:
// tokenizer_config.json, added_tokens.json and special_tokens_map.json.
//
// The rules are those of AutoTokenizer in transformers 5.24. Which file goes before
// which, and in which order tokens are added, decides about ids, so that nothing here is
// a matter of taste:
//
//   - tokenizer_config.json is read first. If it has added_tokens_decoder, the two
//     other files are not read at all; else special_tokens_map.json takes the place of
//     its keys, and added_tokens.json lists tokens.
//   - Tokens that tokenizer.json does not have get the next free ids: first those that
//     are listed, in the order of the ids that the files give them, which count for
//     nothing else; then those with names, in the order of [Names]; then those of
//     extra_special_tokens or, where that is empty, additional_special_tokens.
//   - The class adds names of its own where the configuration has none.
package sidefiles
