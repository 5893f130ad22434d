package pretokenizer

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Each case is what Hugging Face tokenizers cuts the text into.
func TestPreTokenizers(t *testing.T) {
	split := func(behavior, invert string) string {
		return `{"type":"Split","pattern":{"String":"-"},"behavior":"` + behavior + `","invert":` + invert + `}`
	}
	for _, c := range []struct {
		name, spec, text string
		want             []string
	}{
		{"ByteLevel puts a space before and cuts as GPT-2 does", `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, "it's 42", []string{"Ġit", "'s", "Ġ42"}},
		{"ByteLevel can leave the beginning alone", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "a b", []string{"a", "Ġb"}},
		{"ByteLevel can leave the text in one piece", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}`, "a b", []string{"aĠb"}},
		{"ByteLevel spells the bytes of other letters", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "é", []string{"Ã©"}},
		{"Metaspace marks spaces and cuts before them", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, "a b", []string{"▁a", "▁b"}},
		{"Metaspace can prepend nothing", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, "a b", []string{"a", "▁b"}},
		{"Metaspace does not mark twice", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, " a", []string{"▁a"}},
		{"Metaspace can leave the text in one piece", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}`, "a b", []string{"▁a▁b"}},
		{"Split isolates", split("Isolated", "false"), "a-b--c", []string{"a", "-", "b", "-", "-", "c"}},
		{"Split removes", split("Removed", "false"), "a-b--c", []string{"a", "b", "c"}},
		{"Split merges with what goes before", split("MergedWithPrevious", "false"), "a-b--c", []string{"a-", "b-", "-", "c"}},
		{"Split merges with what follows", split("MergedWithNext", "false"), "a-b--c", []string{"a", "-b", "-", "-c"}},
		{"Split keeps neighbours together", split("Contiguous", "false"), "a-b--c", []string{"a", "-", "b", "--", "c"}},
		{"Split can remove what lies between", split("Removed", "true"), "a-b--c", []string{"-", "-", "-"}},
		{"Split takes a pattern", `{"type":"Split","pattern":{"Regex":"\\d+"},"behavior":"Isolated","invert":false}`, "a12b", []string{"a", "12", "b"}},
		{"Digits keeps numbers together", `{"type":"Digits","individual_digits":false}`, "ab12", []string{"ab", "12"}},
		{"Digits can take each digit alone", `{"type":"Digits","individual_digits":true}`, "ab12", []string{"ab", "1", "2"}},
		{"Digits knows other numbers", `{"type":"Digits","individual_digits":true}`, "a½x", []string{"a", "½", "x"}},
		{"Punctuation isolates", `{"type":"Punctuation","behavior":"Isolated"}`, "a,b!?", []string{"a", ",", "b", "!", "?"}},
		{"Punctuation can remove", `{"type":"Punctuation","behavior":"Removed"}`, "a,b", []string{"a", "b"}},
		{"Punctuation takes symbols of ASCII for it", `{"type":"Punctuation"}`, "a+b€c", []string{"a", "+", "b€c"}},
		{"Whitespace takes words and what is none", `{"type":"Whitespace"}`, "it's  a_b!?", []string{"it", "'", "s", "a_b", "!?"}},
		{"WhitespaceSplit looks at nothing but white space", `{"type":"WhitespaceSplit"}`, "it's\u00a0 a!", []string{"it's", "a!"}},
		{"BertPreTokenizer cuts at white space and punctuation", `{"type":"BertPreTokenizer"}`, "it's a", []string{"it", "'", "s", "a"}},
		{"CharDelimiterSplit removes its delimiter", `{"type":"CharDelimiterSplit","delimiter":"|"}`, "a|b||c d", []string{"a", "b", "c d"}},
		{"UnicodeScripts cuts where the script changes", `{"type":"UnicodeScripts"}`, "abcдеж", []string{"abc", "деж"}},
		{"UnicodeScripts takes the writing of Japanese for one", `{"type":"UnicodeScripts"}`, "日本の本", []string{"日本の本"}},
		{"FixedLength counts characters", `{"type":"FixedLength","length":2}`, "aébcд", []string{"aé", "bc", "д"}},
		{"Sequence cuts the pieces of the one before", `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]}`, "a1 b2", []string{"a", "1", "b", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var spec Spec
			if err := json.Unmarshal([]byte(c.spec), &spec); err != nil {
				t.Fatal(err)
			}
			stages, err := spec.Stages(nil, &pattern.Compiler{})
			if err != nil {
				t.Fatal(err)
			}
			if got := pieces(t, stages, c.text, true); !slices.Equal(got, c.want) {
				t.Errorf("%q was cut into %q, want %q", c.text, got, c.want)
			}
		})
	}
}

// pieces cuts a text by stages. What rewrites it must do so alike with its places.
func pieces(t *testing.T, stages []Stage, text string, first bool) []string {
	t.Helper()
	if len(stages) == 0 {
		return []string{text}
	}
	var may budget.Budget
	may.Begin(nil, len(text))
	sg := stages[0]
	if sg.Prepare != nil {
		a := normalized.New(&may, text)
		text = sg.Prepare(&may, text, first)
		if sg.Trace(a); a.Text != text {
			t.Errorf("traced to %q, want %q", a.Text, text)
		}
	}
	ranges := []Range{{0, int32(len(text))}}
	if sg.Matcher != nil {
		matches, err := sg.Matcher.Find(&may, nil, text)
		if err != nil {
			t.Fatal(err)
		}
		ranges = sg.Behavior.Cut(nil, matches)
	}
	var out []string
	for _, r := range ranges {
		part := text[r.Start:r.End]
		if part == "" {
			continue
		}
		if sg.Alphabet {
			a := normalized.New(&may, part)
			a.Alphabet()
			part = a.Text
		}
		out = append(out, pieces(t, stages[1:], part, first && r.Start == 0)...)
	}
	return out
}

func TestAPreTokenizerThatIsNotKnownIsNamed(t *testing.T) {
	_, err := (&Spec{Type: "Sideways"}).Stages(nil, &pattern.Compiler{})
	if want := `tokenizer: unsupported pre-tokenizer "Sideways"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
