package tokenizer_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/tokenizer"
)

// FuzzSideFiles loads a small tokenizer with any text in the files beside it: it loads,
// or the error names a file.
func FuzzSideFiles(f *testing.F) {
	sideCases(f, func(c *sideCase, _ fstest.MapFS) {
		f.Add([]byte(c.Files["tokenizer_config.json"]), []byte(c.Files["added_tokens.json"]), []byte(c.Files["special_tokens_map.json"]))
	})
	f.Add([]byte(`{"fix_mistral_regex":true,"chat_template":[{"name":"a","template":"b"}],"max_len":5}`), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, config, added, special []byte) {
		files := fstest.MapFS{"tokenizer.json": {Data: []byte(tiny)}, "config.json": {Data: config}}
		for name, data := range map[string][]byte{"tokenizer_config.json": config, "added_tokens.json": added, "special_tokens_map.json": special} {
			if data != nil {
				files[name] = &fstest.MapFile{Data: data}
			}
		}
		tok, err := tokenizer.LoadFS(files, ".")
		if err != nil {
			var format *tokenizer.FormatError
			var unsupported *tokenizer.UnsupportedError
			if !errors.As(err, &format) && !errors.As(err, &unsupported) {
				t.Errorf("got error %v", err)
			}
			return
		}
		if size := tok.VocabSize(); size > 2000+len(config)+len(added)+len(special) {
			t.Errorf("%d tokens of %d, %d and %d bytes", size, len(config), len(added), len(special))
		}
		c := tok.Config()
		for _, token := range append([]string{c.BOSToken, c.EOSToken, c.PadToken}, c.AdditionalSpecialTokens...) {
			if _, ok := tok.TokenToID(token); !ok && token != "" {
				t.Errorf("%q has no id", token)
			}
		}
		ids, err := tok.Encode("a <s>[x] "+c.EOSToken, true)
		// A class takes the unknown token from the configuration, and the reference fails
		// in the same way if the vocabulary does not have it.
		if err != nil && !strings.Contains(err.Error(), "the unknown token") {
			t.Fatal(err)
		}
		tok.Decode(ids, true)
	})
}
