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
//
// Which class that is tokenizer_config.json says by a name and config.json by the kind of
// model, and the reference does not believe every file (choose, classOf). What a class
// then makes of a vocabulary is a table here, a class an entry (class_*.go): texts of JSON
// with settings left open, which expander fills in. The same entries serve vocabularies
// that have no tokenizer.json, whose class has to make all of it. Where the reference
// fails because a class cannot take a vocabulary, tokenizer.json stands: a model that loads
// nowhere else is of more use so.
//
// The table has the classes that AutoTokenizer returns for a tokenizer.json and whose
// __init__ makes components. Those that hand the file on, such as TokenizersBackend
// (PreTrainedTokenizerFast), are not there or have no build. make tokenizer-sidefiles
// records what the reference makes of each, with each of its settings.
package sidefiles
