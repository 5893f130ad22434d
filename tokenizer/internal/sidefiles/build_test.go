package sidefiles_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

const charsmap = `{"type":"Precompiled","precompiled_charsmap":"AA=="}`

// ofClass returns the files of a class with settings, which begin with a comma.
func ofClass(t testing.TB, name, settings string) *sidefiles.Side {
	t.Helper()
	return read(t, sidefiles.Files{Config: []byte(`{"tokenizer_class":"` + name + `"` + settings + `}`)})
}

// source is a tokenizer.json with a model of a type and some normalizer.
func source(model, normalizer string) *sidefiles.Source {
	return &sidefiles.Source{
		Model: model, Normalizer: []byte(normalizer), Has: func(token string) bool { return token == "en_XX" },
		Place: func(token string, from int, zero bool) (int, bool) { return 5, token == "<unk>" || token == "[UNK]" },
	}
}

// sections returns what a class makes of a source.
func sections(t testing.TB, s *sidefiles.Side, from *sidefiles.Source) *sidefiles.Sections {
	t.Helper()
	made, err := s.Sections(from)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestEveryClassMakesSectionsThatAreJSON(t *testing.T) {
	whole := 0
	for _, name := range sidefiles.ClassNames() {
		for _, settings := range []string{"", `,"add_prefix_space":false,"do_lower_case":false,"keep_accents":true,"legacy":true,"split_by_punct":true`} {
			s := ofClass(t, name+"Tokenizer", settings)
			for _, from := range []*sidefiles.Source{source("Unigram", charsmap), source("Unigram", ""), {Has: func(string) bool { return true }}} {
				made := sections(t, s, from)
				if made == nil {
					continue
				}
				whole++
				if !json.Valid(made.Model) || made.Decoder == nil {
					t.Errorf("%s: the model is %s, and the decoder %s", name, made.Model, made.Decoder)
				}
				for _, raw := range [][]byte{made.Normalizer, made.PreTokenizer, made.Decoder} {
					if raw != nil && (!json.Valid(raw) || strings.Contains(string(raw), "<<") || strings.Contains(string(raw), "[null") || strings.Contains(string(raw), ",null,{")) {
						t.Errorf("%s: %s", name, raw)
					}
				}
			}
		}
	}
	if whole < 200 {
		t.Errorf("%d of them make anything", whole)
	}
}

func TestSettingsChangeWhatAClassMakes(t *testing.T) {
	for _, c := range []struct {
		name, class, settings, model string
		want                         string // of all sections
	}{
		{"without a setting", "GPT2Tokenizer", "", "BPE", `"add_prefix_space":false`},
		{"with one", "GPT2Tokenizer", `,"add_prefix_space":true`, "BPE", `"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true} {"type":"ByteLevel"`},
		{"null is false", "BertTokenizer", `,"do_lower_case":null`, "WordPiece", `"lowercase":false`},
		{"but not where it is the default", "BertTokenizer", `,"strip_accents":null`, "WordPiece", `"strip_accents":null`},
		{"nor for Llama's space", "LlamaTokenizer", `,"add_prefix_space":null`, "BPE", `"prepend_scheme":"first"`},
		{"Llama's old way", "LlamaTokenizer", `,"legacy":true`, "BPE", `"prepend_scheme":"always"`},
		{"no space before a text", "LlamaTokenizer", `,"legacy":true,"add_prefix_space":false`, "BPE", `"prepend_scheme":"never"`},
		{"nor taken away behind it", "LlamaTokenizer", `,"add_prefix_space":false`, "BPE", `{"type":"Fuse"}]`},
		{"a text", "FunnelTokenizer", `,"wordpieces_prefix":"@@"`, "WordPiece", `"prefix":"@@"`},
		{"a number", "XLNetTokenizer", `,"unk_id":7`, "Unigram", `"unk_id":7`},
		{"a component more", "DebertaV2Tokenizer", `,"split_by_punct":true`, "Unigram", `{"type":"Punctuation","behavior":"Isolated"}`},
		{"components less", "AlbertTokenizer", `,"keep_accents":true`, "Unigram", `"content":"\""},{"type":"Lowercase"}`},
		{"the unknown token", "BertTokenizer", `,"unk_token":"\u003c?\""`, "WordPiece", `"unk_token":"\u003c?\""`},
		{"its place", "CamembertTokenizer", "", "Unigram", `"unk_id":5`},
		{"its place without one", "CamembertTokenizer", `,"unk_token":"?"`, "Unigram", `"unk_id":0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := sections(t, ofClass(t, c.class, c.settings), source(c.model, ""))
			all := strings.Join([]string{string(made.Model), string(made.Normalizer), string(made.PreTokenizer), string(made.Decoder)}, " ")
			if !strings.Contains(all, c.want) {
				t.Errorf("%s is not in %s", c.want, all)
			}
		})
	}
}

func TestSettingsOfAnotherTypeAreNamed(t *testing.T) {
	for class, settings := range map[string]string{
		"GPT2Tokenizer": `,"add_prefix_space":1`, "LlamaTokenizer": `,"legacy":"yes"`, "FunnelTokenizer": `,"wordpieces_prefix":true`,
		"XLNetTokenizer": `,"unk_id":"7"`, "BertTokenizerFast": `,"strip_accents":[]`,
	} {
		_, err := ofClass(t, class, settings).Sections(source("Unigram", ""))
		named, ok := errors.AsType[*sidefiles.Error](err)
		if key := strings.Split(settings, `"`)[1]; !ok || named.File != sidefiles.ConfigName || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v", class, err)
		}
	}
}

func TestTheMapOfSentencePieceIsTakenOver(t *testing.T) {
	for _, c := range []struct{ name, class, normalizer, want string }{
		{"alone", "T5Tokenizer", charsmap, charsmap},
		{"out of several", "T5Tokenizer", `{"type":"Sequence","normalizers":[{"type":"NFC"},` + charsmap + `]}`, charsmap},
		{"not another one", "T5Tokenizer", `{"type":"NFC"}`, ""},
		{"among those of the class", "XGLMTokenizer", charsmap, charsmap + `,{"type":"Replace"`},
		{"with what goes with it", "ReformerTokenizer", charsmap, charsmap + `,{"type":"Replace"`},
		{"without it", "ReformerTokenizer", "", ""},
		{"in place of another one", "PegasusTokenizer", charsmap, `[` + charsmap},
		{"and that one", "PegasusTokenizer", "", `"Regex":"\\n"`},
		{"not by every class", "MBartTokenizer", charsmap, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := sections(t, ofClass(t, c.class, ""), source("Unigram", c.normalizer))
			if got := string(made.Normalizer); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTheFileStandsWhereNoClassMakesAnythingOfIt(t *testing.T) {
	none := func(string, int, bool) (int, bool) { return 0, false }
	for _, c := range []struct {
		name, class string
		from        *sidefiles.Source
	}{
		{"no class", "PreTrainedTokenizerFast", source("BPE", "")},
		{"one that nobody knows", "MadeUpTokenizer", source("BPE", "")},
		{"one that takes it as it is", "FNetTokenizer", source("Unigram", "")},
		{"one that adds a post-processor alone", "ConvBertTokenizer", source("WordPiece", "")},
		{"pieces that are none", "T5Tokenizer", source("BPE", "")},
		{"no unknown token", "PegasusTokenizer", &sidefiles.Source{Model: "Unigram", Place: none}},
		{"no language", "MBart50Tokenizer", &sidefiles.Source{Model: "Unigram", Place: none, Has: func(string) bool { return false }}},
	} {
		if made := sections(t, ofClass(t, c.class, ""), c.from); made != nil {
			t.Errorf("%s: got %s", c.name, made.Model)
		}
	}
	s := read(t, sidefiles.Files{Plain: true, Config: []byte(`{"tokenizer_class":"GPT2Tokenizer"}`)})
	if made := sections(t, s, source("BPE", "")); made != nil || len(s.Names) > 0 {
		t.Errorf("a class that is not to be followed makes %v and names %v", made, s.Names)
	}
}

func TestWhatAClassPutsAroundAText(t *testing.T) {
	ids := func(token string) int { return len(token) }
	for _, c := range []struct {
		name, class, settings string
		beside                bool
		want                  string
	}{
		{"in place of that of the file", "BertTokenizer", "", true, "cls_token:0 A:0 sep_token:0 | cls_token:0 A:0 sep_token:0 B:1 sep_token:1"},
		{"where the file has none", "AlbertTokenizer", "", false, "[CLS]=cls_token:0 A:0 [SEP]=sep_token:0"},
		{"not beside that of the file", "AlbertTokenizer", "", true, ""},
		{"nothing", "GPT2Tokenizer", "", false, ""},
		{"taken back", "RemBertTokenizer", "", false, ""},
		{"by a setting", "NllbTokenizer", `,"legacy_behaviour":true`, true, "A:0 eos_token:0 src_lang:0 | A:0 B:0 eos_token:0 src_lang:0"},
		{"as JSON", "RobertaTokenizer", `,"sep_token":"|","trim_offsets":false`, true, `"sep":["|",1],"cls":["\u003cs\u003e",3],"trim_offsets":false`},
		{"Whisper's", "WhisperTokenizer", `,"language":"German","task":"translate"`, true, "<|startoftranscript|>:0 <|startoftranscript|>+3:0 <|translate|>:0 <|notimestamps|>:0 A:0"},
		{"with times", "WhisperTokenizer", `,"predict_timestamps":true`, true, "<|startoftranscript|>:0 A:0 eos_token:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, single, pair, err := ofClass(t, c.class, c.settings).Post(c.beside, ids)
			got := string(raw)
			if single != nil {
				got = strings.Join(single, " ") + " | " + strings.Join(pair, " ")
			}
			if err != nil || !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

func TestWhisperKnowsItsLanguages(t *testing.T) {
	for _, c := range []struct {
		language string
		want     string // "" for none
	}{
		{"en", "+1:"},
		{"chinese", "+2:"},
		{"Mandarin", "+2:"},
		{"Haitian Creole", "+81:"},
		{"haitian_creole", ""},
		{"yue", "+100:"},
		{"nowhere", ""},
		{"", ""},
	} {
		_, single, _, err := ofClass(t, "WhisperTokenizer", `,"language":"`+c.language+`"`).Post(true, nil)
		if c.want == "" {
			if named, ok := errors.AsType[*sidefiles.Error](err); !ok || named.File != sidefiles.ConfigName {
				t.Errorf("%q: got %v", c.language, err)
			}
		} else if !strings.Contains(strings.Join(single, " "), "<|startoftranscript|>"+c.want) {
			t.Errorf("%q: got %v (%v), want %s", c.language, single, err, c.want)
		}
	}
}

func TestPartsNameTokensOrLanguages(t *testing.T) {
	for _, c := range []struct {
		class, settings, part, want string
		ok                          bool
	}{
		{"BertTokenizer", "", "cls_token", "[CLS]", true},
		{"BertTokenizer", `,"cls_token":"c"`, "cls_token", "c", true},
		{"BertTokenizer", "", "src_lang", "", false},
		{"MBartTokenizer", "", "src_lang", "en_XX", true},
		{"MBartTokenizer", `,"src_lang":"de_DE"`, "src_lang", "de_DE", true},
		{"MBartTokenizer", `,"src_lang":5`, "src_lang", "en_XX", true},
		{"SeamlessM4TTokenizer", `,"tgt_lang":"deu"`, "tgt_lang", "__deu__", true},
		{"SeamlessM4TTokenizer", `,"tgt_lang":"__deu__"`, "tgt_lang", "__deu__", true},
	} {
		if got, ok := ofClass(t, c.class, c.settings).Text(c.part); got != c.want || ok != c.ok {
			t.Errorf("%s%s: got %q, %v, want %q", c.class, c.settings, got, ok, c.want)
		}
	}
}

func TestWhatElseAClassSays(t *testing.T) {
	if got := ofClass(t, "LayoutLMv2Tokenizer", "").Length(); got != 512 {
		t.Errorf("LayoutLMv2 has texts of %d", got)
	}
	for class, want := range map[string]sidefiles.Decoding{
		"CLIPTokenizerFast": sidefiles.CLIP, "WhisperTokenizer": sidefiles.Whisper, "ParakeetTokenizer": sidefiles.CTC, "GPT2Tokenizer": sidefiles.Plain,
	} {
		if got := ofClass(t, class, "").Decoding(); got != want {
			t.Errorf("%s decodes in the way %d", class, got)
		}
	}
	if name, kind := read(t, sidefiles.Files{Model: []byte(`{"tokenizer_class":"GPT2TokenizerFast","model_type":"gpt2"}`)}).Class(); name != "GPT2" || kind != "gpt2" {
		t.Errorf("the class is %q and the kind %q", name, kind)
	}
}

func TestSpecialTokensOfAClass(t *testing.T) {
	for _, c := range []struct{ name, class, settings, want string }{
		{"sentinels where nothing is listed", "T5Tokenizer", "", "<extra_id_99>*"},
		{"not where something is", "T5Tokenizer", `,"extra_special_tokens":["x"]`, "</s>* <unk>* <pad>* x*"},
		{"beside what is listed", "LukeTokenizer", `,"extra_special_tokens":["x"]`, "x*"},
		{"once", "LukeTokenizer", `,"extra_special_tokens":["<ent>"]`, "[MASK2]*"},
		{"languages", "MBartTokenizer", "", "zh_CN*"},
	} {
		got := strings.Join(texts(ofClass(t, c.class, c.settings)), " ")
		if !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: got %s, want %s at the end", c.name, got, c.want)
		}
	}
	mask := func(settings string) (left, normalized bool) {
		for _, one := range ofClass(t, "NllbTokenizer", settings).Tokens(func(string) bool { return false }) {
			if one.Content == "<mask>" {
				return one.LStrip, one.Normalized
			}
		}
		t.Fatal("there is no mask")
		return false, false
	}
	if left, normalized := mask(""); !left || !normalized {
		t.Errorf("the mask of NLLB: %v, %v", left, normalized)
	}
	if left, _ := mask(`,"mask_token":{"content":"<mask>"}`); left {
		t.Error("a mask that is described takes the spaces before it")
	}
}

func TestTokensThatAreDescribedAnew(t *testing.T) {
	const settings = `,"eos_token":{"content":"e","lstrip":true},"extra_special_tokens":["x"]`
	for class, want := range map[string]string{"GPT2Tokenizer": "", "Qwen2Tokenizer": "e <|endoftext|> x", "ReformerTokenizer": "<e <unk> x"} {
		var got []string
		for _, one := range ofClass(t, class, settings).Renewed() {
			if !one.Special {
				t.Errorf("%s: %q is not special", class, one.Content)
			}
			if one.LStrip {
				one.Content = "<" + one.Content
			}
			got = append(got, one.Content)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", class, got, want)
		}
	}
}

// What AutoTokenizer of transformers 5.24 takes is recorded for every kind of model by
// make tokenizer-sidefiles; these are one of each rule.
func TestWhichClassIsFollowed(t *testing.T) {
	for _, c := range []struct {
		name, class, kind string
		bytes             bool
		want              string // a token that the class names; "" for no class
	}{
		{"the one that is named", "BertTokenizer", "nosuch", false, "[CLS]"},
		{"that of the kind", "", "bert", false, "[CLS]"},
		{"the one that is named before that of the kind", "GPT2Tokenizer", "bert", false, "<|endoftext|>"},
		{"not of a kind without one", "BertTokenizer", "olmo2", false, ""},
		{"that of the kind where files are wrong", "BertTokenizer", "qwen2", false, "<|endoftext|>"},
		{"none where files are wrong and the kind has none", "BertTokenizer", "phi3", false, ""},
		{"none of a kind whose configuration cannot be had", "", "herbert", false, ""},
		{"that of the kind whose configuration it is", "", "gpt-sw3", false, "<|endoftext|>"},
		{"Llama's", "LlamaTokenizerFast", "llama", false, "</s>"},
		{"not Llama's for tokens of bytes", "LlamaTokenizerFast", "llama", true, ""},
		{"none", "", "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := sidefiles.Files{ByteLevel: c.bytes, Model: []byte(`{"model_type":"` + c.kind + `"}`)}
			if c.class != "" {
				files.Config = []byte(`{"tokenizer_class":"` + c.class + `"}`)
			}
			s := read(t, files)
			named := slices.ContainsFunc(s.Names, func(n sidefiles.Name) bool { return n.Text == c.want })
			if !named && c.want != "" || c.want == "" && len(s.Names) > 0 {
				t.Errorf("got %v, want %q among them", s.Names, c.want)
			}
		})
	}
	for _, name := range sidefiles.ClassNames() {
		if other, ok := sidefiles.KindClass(name); ok && other == "" {
			t.Errorf("%s is a kind too", name)
		}
	}
}

func TestTheClassOfAVocabularyHasToMakeItsModel(t *testing.T) {
	for _, c := range []struct{ name, class, model, want string }{
		{"its own", "RobertaTokenizer", "BPE", "mask_token"},
		{"the usual one", "", "WordPiece", "mask_token"},
		{"none of another model", "BertTokenizer", "BPE", ""},
		{"none that reads other files", "LlamaTokenizer", "BPE", ""},
		{"none that nobody knows", "MadeUpTokenizer", "BPE", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := sidefiles.Files{Config: []byte(`{"tokenizer_class":"` + c.class + `"}`), Vocabulary: &sidefiles.Vocabulary{Model: c.model, Otherwise: "Bert"}}
			s, err := sidefiles.Read(&files)
			if c.want == "" {
				if unsupported, ok := errors.AsType[*fault.Unsupported](err); !ok || !strings.HasPrefix(unsupported.Name, c.class) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || s.Named(c.want) == "" {
				t.Errorf("got %v (%v)", s, err)
			}
			if made := sections(t, s, &sidefiles.Source{}); made == nil || !strings.Contains(string(made.Model), c.model) {
				t.Errorf("got %v", made)
			}
		})
	}
}

func TestAVocabularyCanNameItsTokens(t *testing.T) {
	files := sidefiles.Files{
		Config:     []byte(`{"tokenizer_class":"BertTokenizer","pad_token":"p"}`),
		Vocabulary: &sidefiles.Vocabulary{Names: []sidefiles.Name{{Name: "bos_token", Value: sidefiles.Value{Text: "b"}}}},
	}
	if got := texts(read(t, files)); !slices.Equal(got, []string{"b*", "p*"}) {
		t.Errorf("got %q", got)
	}
	files = sidefiles.Files{Model: []byte(`]`), Vocabulary: &sidefiles.Vocabulary{Model: "BPE", Otherwise: "GPT2"}}
	_, err := sidefiles.Read(&files)
	if named, ok := errors.AsType[*sidefiles.Error](err); !ok || named.File != sidefiles.ModelName {
		t.Errorf("got %v, want an error of %s", err, sidefiles.ModelName)
	}
}

func FuzzSections(f *testing.F) {
	f.Add([]byte(`{"tokenizer_class":"PegasusTokenizer","legacy":true}`), []byte(charsmap))
	f.Add([]byte(`{"tokenizer_class":"WhisperTokenizer","language":"de"}`), []byte(`{"type":"Sequence","normalizers":[null]}`))
	f.Fuzz(func(t *testing.T, config, normalizer []byte) {
		s, err := sidefiles.Read(&sidefiles.Files{Config: config})
		if err != nil {
			return
		}
		if made, err := s.Sections(source("Unigram", string(normalizer))); err == nil && made != nil && !json.Valid(made.Model) {
			t.Errorf("the model is %s", made.Model)
		}
		if raw, single, _, err := s.Post(true, func(string) int { return 1 }); err == nil && raw != nil && (single != nil || !json.Valid(raw)) {
			t.Errorf("the post-processor is %s beside %s", raw, single)
		}
	})
}
