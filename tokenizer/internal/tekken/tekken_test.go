package tekken_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/tekken"
)

const tokens = `"vocab":[{"rank":0,"token_bytes":"YQ==","token_str":"a"},{"rank":1,"token_bytes":"/w==","token_str":null}]`

// file writes a tekken.json of two tokens.
func file(config, rest string) string { return `{"config":{` + config + `},` + rest + `}` }

func TestControlTokensComeFirstAndAreFilledUp(t *testing.T) {
	text := file(`"pattern":"a","version":"v11","default_vocab_size":5,"default_num_special_tokens":4`,
		`"special_tokens":[{"rank":1,"token_str":"<s>","is_control":true},{"rank":0,"token_str":"<unk>","is_control":true}],`+tokens)
	// A file has one token more than the model.
	f, err := tekken.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"<unk>", "<s>", "<SPECIAL_2>", "<SPECIAL_3>"}; !slices.Equal(f.Specials, want) {
		t.Errorf("got %q, want %q", f.Specials, want)
	}
	if len(f.Tokens) != 1 || string(f.Tokens[0]) != "a" || f.Pattern != "a" || f.Version != "v11" {
		t.Errorf("got %+v", f)
	}
}

// The list is that of Tekkenizer.DEPRECATED_SPECIAL_TOKENS in mistral-common 1.13.1.
func TestOldFilesHaveTheControlTokensOfTheirTime(t *testing.T) {
	for _, rest := range []string{tokens, `"special_tokens":null,` + tokens} {
		f, err := tekken.Read([]byte(file(`"pattern":"a","version":"v3","default_vocab_size":24,"default_num_special_tokens":22`, rest)))
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Specials) != 22 || f.Specials[3] != "[INST]" || f.Specials[19] != "[TOOL_CONTENT]" || f.Specials[21] != "<SPECIAL_21>" || len(f.Tokens) != 2 {
			t.Errorf("got %q", f.Specials)
		}
	}
}

func TestMalformedFilesAreRefused(t *testing.T) {
	entry := func(text string) string { return file(`"pattern":"a"`, `"special_tokens":[],"vocab":[`+text+`]`) }
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":                     {`{"vocab":`, "malformed JSON at byte"},
		"text behind the end":         {entry(`{"rank":0,"token_bytes":"YQ=="}`) + "x", "text after the end"},
		"no configuration":            {`{` + tokens + `}`, "config has no pattern"},
		"no vocabulary":               {file(`"pattern":"a"`, `"special_tokens":[]`), "vocab:"},
		"no tokens":                   {entry(""), "vocab: 0 tokens"},
		"a rank out of order":         {entry(`{"rank":1,"token_bytes":"YQ=="}`), "entry 0 has the rank 1"},
		"no rank":                     {entry(`{"token_bytes":"YQ=="}`), "entry 0 has the rank -1"},
		"no base64":                   {entry(`{"rank":0,"token_bytes":"?"}`), "entry 0: illegal base64"},
		"no bytes":                    {entry(`{"rank":0,"token_bytes":""}`), "entry 0: no bytes"},
		"a token twice":               {entry(`{"rank":0,"token_bytes":"YQ=="},{"rank":1,"token_bytes":"YQ=="}`), "entry 1 comes twice"},
		"fewer tokens than the model": {file(`"pattern":"a","default_vocab_size":9`, `"special_tokens":[],`+tokens), "the model has more"},
		"a control token twice":       {file(`"pattern":"a"`, `"special_tokens":[{"rank":0,"token_str":"a"},{"rank":1,"token_str":"a"}],`+tokens), "comes twice"},
		"a control token left out":    {file(`"pattern":"a"`, `"special_tokens":[{"rank":1,"token_str":"a"}],`+tokens), "rank 1 where 0"},
		"too few control tokens":      {file(`"pattern":"a","default_num_special_tokens":0`, `"special_tokens":[{"rank":0,"token_str":"a"}],`+tokens), "there are to be 0"},
		"a million control tokens":    {file(`"pattern":"a","default_num_special_tokens":1000000`, `"special_tokens":[],`+tokens), "there are to be 1000000"},
		"a new file without them":     {file(`"pattern":"a","version":"v11"`, tokens), `version "v11" has to list them`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tekken.Read([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzTekken(f *testing.F) {
	f.Add([]byte(file(`"pattern":"a","default_vocab_size":3,"default_num_special_tokens":1`, `"special_tokens":[{"rank":0,"token_str":"<s>"}],`+tokens)))
	f.Add([]byte(file(`"pattern":"a","version":"v3"`, tokens)))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := tekken.Read(data)
		if err != nil {
			return
		}
		if len(file.Tokens) > len(data) || len(file.Specials) > 1<<16 || file.Pattern == "" {
			t.Errorf("%d tokens and %d control tokens from %d bytes", len(file.Tokens), len(file.Specials), len(data))
		}
	})
}
