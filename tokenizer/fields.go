package tokenizer

import (
	"encoding/json"
	"strings"
)

// The fields that each component may have, by its type. A field that is not
// here could change the ids in a way that this package does not know.
var (
	normalizerFields = map[string]string{
		"Sequence": "normalizers", "Prepend": "prepend", "Replace": "pattern content", "Strip": "strip_left strip_right",
		"Precompiled": "precompiled_charsmap", "Lowercase": "", "NFC": "", "NFD": "", "NFKC": "", "NFKD": "", "StripAccents": "",
		"Nmt": "", "ByteLevel": "", "BertNormalizer": "clean_text handle_chinese_chars strip_accents lowercase",
		"Bert": "clean_text handle_chinese_chars strip_accents lowercase",
	}
	preTokenizerFields = map[string]string{
		"Sequence": "pretokenizers", "ByteLevel": "add_prefix_space trim_offsets use_regex",
		"Metaspace": "replacement str_rep prepend_scheme add_prefix_space split", "Split": "pattern behavior invert",
		"Digits": "individual_digits", "Punctuation": "behavior", "CharDelimiterSplit": "delimiter", "FixedLength": "length",
		"WhitespaceSplit": "", "Whitespace": "", "BertPreTokenizer": "", "UnicodeScripts": "",
	}
	postProcessorFields = map[string]string{
		"Sequence": "processors", "ByteLevel": "add_prefix_space trim_offsets use_regex",
		"TemplateProcessing": "single pair special_tokens", "BertProcessing": "sep cls",
		"RobertaProcessing": "sep cls trim_offsets add_prefix_space",
	}
	decoderFields = map[string]string{
		"Sequence": "decoders", "ByteLevel": "add_prefix_space trim_offsets use_regex", "ByteFallback": "", "Fuse": "",
		"Metaspace": "replacement str_rep prepend_scheme add_prefix_space split", "BPEDecoder": "suffix",
		"WordPiece": "prefix cleanup", "Strip": "content start stop", "Replace": "pattern content",
		"CTC": "pad_token word_delimiter_token cleanup",
	}
	modelFields = map[string]string{
		"BPE":     "vocab merges dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges cache_capacity",
		"Unigram": "vocab unk_id byte_fallback", "WordLevel": "vocab unk_token",
		"WordPiece": "vocab unk_token continuing_subword_prefix max_input_chars_per_word",
	}
)

// fileFields are the sections of the file.
const fileFields = "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"

// allowed reports whether list, words with spaces between them, has a name.
func allowed(list, name string) bool {
	for word := range strings.FieldsSeq(list) {
		if word == name {
			return true
		}
	}
	return false
}

// checkFields reports fields of a component, and of those inside it, that its
// type does not have. Types that are not known are reported elsewhere.
func checkFields(raw json.RawMessage, known map[string]string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	var kind string
	if err := json.Unmarshal(fields["type"], &kind); err != nil {
		return &UnsupportedError{Component: "option", Name: "type"}
	}
	list, ok := known[kind]
	if !ok {
		return nil
	}
	for name, value := range fields {
		switch {
		case name == "type" || string(value) == "null":
		case !allowed(list, name):
			return &UnsupportedError{Component: "option", Name: kind + "." + name}
		case kind == "Sequence":
			var parts []json.RawMessage
			if err := json.Unmarshal(value, &parts); err != nil {
				return err
			}
			for _, part := range parts {
				if err := checkFields(part, known); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
