package sidefiles_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// named returns the texts of the tokens with names, by their names.
func named(s *sidefiles.Side) string {
	var out []string
	for _, n := range s.Names {
		out = append(out, n.Name+"="+n.Text)
	}
	return strings.Join(out, " ")
}

func TestTheFilesNameTokensInThisOrder(t *testing.T) {
	for _, c := range []struct{ name, config, special, want string }{
		{"the names of all tokenizers first", `{"x_token":"x","mask_token":"m","bos_token":"b"}`, "", "bos_token=b mask_token=m x_token=x"},
		{"the last of two", `{"bos_token":"a","bos_token":"b"}`, "", "bos_token=b"},
		{"null names none", `{"bos_token":null}`, "", ""},
		{"a mark of the byte order", "\uFEFF" + `{"bos_token":"b"}`, "", "bos_token=b"},
		{"what is no token is none", `{"add_bos_token":true,"sep_token_box":[0],"use_token":5}`, "", ""},
		{"the other file goes before", `{"bos_token":"a","eos_token":"e"}`, `{"bos_token":"b"}`, "bos_token=b eos_token=e"},
		{"and takes names away", `{"bos_token":"a"}`, `{"bos_token":null}`, ""},
		{"an object there is special", `{}`, `{"bos_token":{"content":"b","special":false}}`, "bos_token=b"},
		{"named ones in an object", `{"extra_special_tokens":{"image":"i"}}`, `{"extra_special_tokens":{"audio":"a"}}`, "image=i audio=a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := named(read(t, sidefiles.Files{Config: []byte(c.config), Special: []byte(c.special)})); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// extra returns the special tokens without a name, those that are described with a star.
func extra(s *sidefiles.Side) string {
	var out []string
	for _, v := range s.Extra {
		if v.Token != nil {
			v.Text += "*"
		}
		out = append(out, v.Text)
	}
	return strings.Join(out, " ")
}

func TestSpecialTokensWithoutANameAreJoined(t *testing.T) {
	for _, c := range []struct{ name, config, special, want string }{
		{"the new list", `{"extra_special_tokens":["a"],"additional_special_tokens":["b"]}`, "", "a"},
		{"the old one", `{"additional_special_tokens":["b"]}`, "", "b"},
		{"beside an empty new one", `{"extra_special_tokens":[],"additional_special_tokens":["b"]}`, "", "b"},
		{"beside one that is false", `{"extra_special_tokens":false,"additional_special_tokens":["b"]}`, "", "b"},
		{"that of the other file in place of the old", `{"additional_special_tokens":["b"]}`, `{"extra_special_tokens":["c"]}`, "b c"},
		{"both, each once", `{"extra_special_tokens":["a","b"]}`, `{"extra_special_tokens":["b","c"]}`, "a b c"},
		{"objects of both", `{"extra_special_tokens":[{"content":"a"}]}`, `{"extra_special_tokens":[{"content":"a"},{"content":"b"},{"content":"b"}]}`, "a* a* b*"},
		{"null", `{"extra_special_tokens":null}`, "", ""},
		{"zero", `{"extra_special_tokens":0}`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := extra(read(t, sidefiles.Files{Config: []byte(c.config), Special: []byte(c.special)})); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestListedTokensComeByTheirIDs(t *testing.T) {
	s := read(t, sidefiles.Files{
		Config: []byte(`{"eos_token":"e","bos_token":{"content":"b"},"additional_special_tokens":["x"]}`),
		Added:  []byte(`{"n":30,"e":20,"b":10,"x":5,"o":7}`),
		Own:    []added.Token{{ID: 7, Content: "own", RStrip: true}},
	})
	var got []string
	for _, one := range s.Listed {
		text := one.Content
		if one.Special {
			text += "*"
		}
		if one.Normalized {
			text += "~"
		}
		if one.RStrip {
			text += ">"
		}
		got = append(got, text)
	}
	// The names that are objects are not looked for, as they are none yet in the reference.
	if want := "x* own> b~ e* n~"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
	if s.Listed[0].ID != 5 || s.Listed[4].ID != 30 {
		t.Errorf("the ids are %d and %d", s.Listed[0].ID, s.Listed[4].ID)
	}
}

func TestNothingBesideAFileAddsNothing(t *testing.T) {
	s := read(t, sidefiles.Files{Own: []added.Token{{ID: 1, Content: "x"}}, Padded: true, PadToken: "p"})
	if got := texts(s, "x"); got != nil {
		t.Errorf("got %q", got)
	}
	s = read(t, sidefiles.Files{Config: []byte(`{"tokenizer_class":"MarianTokenizer","eos_token":"e"}`)})
	if got := texts(s); got != nil || s.Named("eos_token") != "e" {
		t.Errorf("a class that does not read tokenizer.json adds %q", got)
	}
}

func TestWhereTextsAreFilledUpAndCut(t *testing.T) {
	for _, c := range []struct {
		name, config        string
		padded, left        bool
		padding, truncation string
	}{
		{"nothing says it", `{}`, false, false, "", ""},
		{"the configuration", `{"padding_side":"left","truncation_side":"right"}`, false, false, "left", "right"},
		{"the class", `{"tokenizer_class":"LlamaTokenizer"}`, false, false, "left", ""},
		{"the file before the class", `{"tokenizer_class":"LlamaTokenizer"}`, true, false, "right", ""},
		{"the file", `{}`, true, true, "left", ""},
		{"the configuration before all", `{"tokenizer_class":"LlamaTokenizer","padding_side":"right"}`, true, true, "right", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			padding, truncation := read(t, sidefiles.Files{Config: []byte(c.config), Padded: c.padded, PadLeft: c.left, PadToken: "p"}).Sides()
			if padding != c.padding || truncation != c.truncation {
				t.Errorf("got %q and %q, want %q and %q", padding, truncation, c.padding, c.truncation)
			}
		})
	}
}

func TestSettingsAreReadByTheirKeys(t *testing.T) {
	s := read(t, sidefiles.Files{Config: []byte(`{"legacy":true,"max_len":null,"auto_map":{"a":1}}`)})
	legacy, length := false, 7
	if err := s.Value("legacy", &legacy); err != nil || !legacy {
		t.Errorf("legacy is %v (%v)", legacy, err)
	}
	if err := s.Value("max_len", &length); err != nil || length != 7 {
		t.Errorf("null makes the length %d (%v)", length, err)
	}
	if err := s.Value("auto_map", &length); err == nil || !strings.Contains(err.Error(), "auto_map") {
		t.Errorf("got %v", err)
	}
	if got := s.Raw("auto_map"); string(got) != `{"a":1}` || s.Raw("none") != nil {
		t.Errorf("got %s", got)
	}
}

func TestAFieldOfAnObject(t *testing.T) {
	for _, c := range []struct {
		text, want string
		fails      bool
	}{
		{`{"a":1,"k":[2]}`, "[2]", false},
		{`{"a":1}`, "", false},
		{``, "", false},
		{`[1]`, "", true},
		{`{"k":1}]`, "", true},
	} {
		if got, err := sidefiles.Field([]byte(c.text), "k"); string(got) != c.want || (err != nil) != c.fails {
			t.Errorf("%s: got %s (%v), want %s", c.text, got, err, c.want)
		}
	}
}

func TestManyTokensAreRefused(t *testing.T) {
	var list, decoder strings.Builder
	for range 1<<17 + 1 {
		list.WriteString(`,"x"`)
	}
	for range 3 {
		decoder.WriteString(`,"1":{"content":"x"}`)
	}
	if _, err := sidefiles.Read(&sidefiles.Files{Config: []byte(`{"extra_special_tokens":[` + list.String()[1:] + `]}`)}); err == nil {
		t.Error("a list of 131073 tokens is taken")
	}
	s := read(t, sidefiles.Files{Config: []byte(`{"added_tokens_decoder":{` + decoder.String()[1:] + `}}`)})
	if len(s.Listed) != 1 {
		t.Errorf("one id has %d tokens", len(s.Listed))
	}
	if !slices.Equal(texts(s), []string{"x"}) {
		t.Errorf("got %q", texts(s))
	}
}
