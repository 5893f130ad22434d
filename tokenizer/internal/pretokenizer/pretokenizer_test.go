package pretokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalized"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Each case is what Hugging Face tokenizers cuts the text into, and the bytes of the
// original that each piece comes from. testdata/gen/tokenizer/cases.py asks it again.
func TestPreTokenizers(t *testing.T) {
	split := func(behavior, invert string) string {
		return `{"type":"Split","pattern":{"String":"-"},"behavior":"` + behavior + `","invert":` + invert + `}`
	}
	for _, c := range []struct {
		name, spec, text string
		want             []string
		places           string
	}{
		{"ByteLevel puts a space before and cuts as GPT-2 does", `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, "it's 42", []string{"Ġit", "'s", "Ġ42"}, "0-2 2-4 4-7"},
		{"ByteLevel can leave the beginning alone", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "a b", []string{"a", "Ġb"}, "0-1 1-3"},
		{"ByteLevel can leave the text in one piece", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}`, "a b", []string{"aĠb"}, "0-3"},
		{"ByteLevel spells the bytes of other letters", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "é", []string{"Ã©"}, "0-2"},
		{"Metaspace marks spaces and cuts before them", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, "a b", []string{"▁a", "▁b"}, "0-1 1-3"},
		{"Metaspace can prepend nothing", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, "a b", []string{"a", "▁b"}, "0-1 1-3"},
		{"Metaspace does not mark twice", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, " a", []string{"▁a"}, "0-2"},
		{"Metaspace can leave the text in one piece", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":false}`, "a b", []string{"▁a▁b"}, "0-3"},
		{"Split isolates", split("Isolated", "false"), "a-b--c", []string{"a", "-", "b", "-", "-", "c"}, "0-1 1-2 2-3 3-4 4-5 5-6"},
		{"Split removes", split("Removed", "false"), "a-b--c", []string{"a", "b", "c"}, "0-1 2-3 5-6"},
		{"Split merges with what goes before", split("MergedWithPrevious", "false"), "a-b--c", []string{"a-", "b-", "-", "c"}, "0-2 2-4 4-5 5-6"},
		{"Split merges with what follows", split("MergedWithNext", "false"), "a-b--c", []string{"a", "-b", "-", "-c"}, "0-1 1-3 3-4 4-6"},
		{"Split keeps neighbours together", split("Contiguous", "false"), "a-b--c", []string{"a", "-", "b", "--", "c"}, "0-1 1-2 2-3 3-5 5-6"},
		{"Split can remove what lies between", split("Removed", "true"), "a-b--c", []string{"-", "-", "-"}, "1-2 3-4 4-5"},
		{"Split takes a pattern", `{"type":"Split","pattern":{"Regex":"\\d+"},"behavior":"Isolated","invert":false}`, "a12b", []string{"a", "12", "b"}, "0-1 1-3 3-4"},
		{"Digits keeps numbers together", `{"type":"Digits","individual_digits":false}`, "ab12", []string{"ab", "12"}, "0-2 2-4"},
		{"Digits can take each digit alone", `{"type":"Digits","individual_digits":true}`, "ab12", []string{"ab", "1", "2"}, "0-2 2-3 3-4"},
		{"Digits knows other numbers", `{"type":"Digits","individual_digits":true}`, "a½x", []string{"a", "½", "x"}, "0-1 1-3 3-4"},
		{"Punctuation isolates", `{"type":"Punctuation","behavior":"Isolated"}`, "a,b!?", []string{"a", ",", "b", "!", "?"}, "0-1 1-2 2-3 3-4 4-5"},
		{"Punctuation can remove", `{"type":"Punctuation","behavior":"Removed"}`, "a,b", []string{"a", "b"}, "0-1 2-3"},
		{"Punctuation takes symbols of ASCII for it", `{"type":"Punctuation"}`, "a+b€c", []string{"a", "+", "b€c"}, "0-1 1-2 2-7"},
		{"Whitespace takes words and what is none", `{"type":"Whitespace"}`, "it's  a_b!?", []string{"it", "'", "s", "a_b", "!?"}, "0-2 2-3 3-4 6-9 9-11"},
		{"WhitespaceSplit looks at nothing but white space", `{"type":"WhitespaceSplit"}`, "it's\u00a0 a!", []string{"it's", "a!"}, "0-4 7-9"},
		{"BertPreTokenizer cuts at white space and punctuation", `{"type":"BertPreTokenizer"}`, "it's a", []string{"it", "'", "s", "a"}, "0-2 2-3 3-4 5-6"},
		{"CharDelimiterSplit removes its delimiter", `{"type":"CharDelimiterSplit","delimiter":"|"}`, "a|b||c d", []string{"a", "b", "c d"}, "0-1 2-3 5-8"},
		{"UnicodeScripts cuts where the script changes", `{"type":"UnicodeScripts"}`, "abcдеж", []string{"abc", "деж"}, "0-3 3-9"},
		{"UnicodeScripts takes the writing of Japanese for one", `{"type":"UnicodeScripts"}`, "日本の本", []string{"日本の本"}, "0-12"},
		{"FixedLength counts characters", `{"type":"FixedLength","length":2}`, "aébcд", []string{"aé", "bc", "д"}, "0-3 3-5 5-7"},
		{"Sequence cuts the pieces of the one before", `{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Digits","individual_digits":true}]}`, "a1 b2", []string{"a", "1", "b", "2"}, "0-1 1-2 3-4 4-5"},
		{"ByteLevel puts no space before one", `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, " a", []string{"Ġa"}, "0-2"},
		{"ByteLevel leaves the last of several spaces to the word", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "a   b", []string{"a", "ĠĠ", "Ġb"}, "0-1 1-3 3-5"},
		{"ByteLevel keeps white space at the end together", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "a \n\n", []string{"a", "ĠĊĊ"}, "0-1 1-4"},
		{"ByteLevel knows contractions of small letters only", `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}`, "we'll WE'LL", []string{"we", "'ll", "ĠWE", "'", "LL"}, "0-2 2-5 5-8 8-9 9-11"},
		{"ByteLevel is on in files without its options", `{"type":"ByteLevel","trim_offsets":true,"add_prefix_space":true}`, "a", []string{"Ġa"}, "0-1"},
		{"Metaspace takes another mark", `{"type":"Metaspace","replacement":"_","prepend_scheme":"always"}`, "a b", []string{"_a", "_b"}, "0-1 1-3"},
		{"Metaspace cuts before each of several marks", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, "a  b", []string{"a", "▁", "▁b"}, "0-1 1-2 2-4"},
		{"Metaspace leaves other white space alone", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, "a\tb\u00a0c", []string{"a\tb\u00a0c"}, "0-6"},
		{"Metaspace takes a mark of the text for one of its own", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, "▁a▁b", []string{"▁a", "▁b"}, "0-4 4-8"},
		{"Metaspace marks the first part only where the file says first", `{"type":"Sequence","pretokenizers":[{"type":"CharDelimiterSplit","delimiter":"|"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}]}`, "a|b", []string{"▁a", "b"}, "0-1 2-3"},
		{"Metaspace marks each part where the file says always", `{"type":"Sequence","pretokenizers":[{"type":"CharDelimiterSplit","delimiter":"|"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}]}`, "a|b", []string{"▁a", "▁b"}, "0-1 2-3"},
		{"Split isolates what lies between as well where it is inverted", split("Isolated", "true"), "a-b", []string{"a", "-", "b"}, "0-1 1-2 2-3"},
		{"Split inverted merges what lies between with what goes before", split("MergedWithPrevious", "true"), "a-b--c", []string{"a", "-b", "-", "-c"}, "0-1 1-3 3-4 4-6"},
		{"Split inverted merges what lies between with what follows", split("MergedWithNext", "true"), "a-b--c", []string{"a-", "b-", "-", "c"}, "0-2 2-4 4-5 5-6"},
		{"Split inverted keeps neighbours together", split("Contiguous", "true"), "a-b--c", []string{"a", "-", "b", "--", "c"}, "0-1 1-2 2-3 3-5 5-6"},
		{"Split merges matches at the beginning with nothing", split("MergedWithPrevious", "false"), "--a", []string{"-", "-", "a"}, "0-1 1-2 2-3"},
		{"Split merges matches at the end with nothing", split("MergedWithNext", "false"), "a--", []string{"a", "-", "-"}, "0-1 1-2 2-3"},
		{"Split of a text that is one match", split("Removed", "false"), "-", []string{}, ""},
		{"Split of a text without a match", split("MergedWithNext", "false"), "abc", []string{"abc"}, "0-3"},
		{"Split takes a text of several characters", `{"type":"Split","pattern":{"String":"::"},"behavior":"Removed","invert":false}`, "a::b:::c", []string{"a", "b", ":c"}, "0-1 3-4 6-8"},
		{"Split reads a text as no pattern", `{"type":"Split","pattern":{"String":"."},"behavior":"Isolated","invert":false}`, "a.b", []string{"a", ".", "b"}, "0-1 1-2 2-3"},
		{"Digits takes numbers of any script", `{"type":"Digits","individual_digits":false}`, "a٣४x", []string{"a", "٣४", "x"}, "0-1 1-6 6-7"},
		{"Digits takes letters that are numbers", `{"type":"Digits","individual_digits":true}`, "Ⅳ一", []string{"Ⅳ", "一"}, "0-3 3-6"},
		{"Punctuation merges with what goes before", `{"type":"Punctuation","behavior":"MergedWithPrevious"}`, "a,b!?", []string{"a,", "b!", "?"}, "0-2 2-4 4-5"},
		{"Punctuation merges with what follows", `{"type":"Punctuation","behavior":"MergedWithNext"}`, "a,b!?", []string{"a", ",b", "!", "?"}, "0-1 1-3 3-4 4-5"},
		{"Punctuation keeps neighbours together", `{"type":"Punctuation","behavior":"Contiguous"}`, "a,b!?", []string{"a", ",", "b", "!?"}, "0-1 1-2 2-3 3-5"},
		{"Punctuation knows none younger than Unicode 8", `{"type":"Punctuation"}`, "a—b。c\u2e43d", []string{"a", "—", "b", "。", "c\u2e43d"}, "0-1 1-4 4-5 5-8 8-13"},
		{"Whitespace takes marks for a part of their word", `{"type":"Whitespace"}`, "e\u0301a ①", []string{"e\u0301a", "①"}, "0-4 5-8"},
		{"Whitespace leaves nothing of white space", `{"type":"Whitespace"}`, " \n\t ", []string{}, ""},
		{"WhitespaceSplit knows the white space of Unicode", `{"type":"WhitespaceSplit"}`, "a\u3000b\u0085c\u200bd", []string{"a", "b", "c\u200bd"}, "0-1 4-5 7-12"},
		{"BertPreTokenizer cuts at each of several", `{"type":"BertPreTokenizer"}`, "a--b  c", []string{"a", "-", "-", "b", "c"}, "0-1 1-2 2-3 3-4 6-7"},
		{"CharDelimiterSplit looks at no other character", `{"type":"CharDelimiterSplit","delimiter":"é"}`, "aébe", []string{"a", "be"}, "0-1 3-5"},
		{"UnicodeScripts lets spaces belong to what goes before", `{"type":"UnicodeScripts"}`, "ab где", []string{"ab ", "где"}, "0-3 3-9"},
		{"UnicodeScripts leaves out what goes before the first letter", `{"type":"UnicodeScripts"}`, "  ab", []string{"ab"}, "2-4"},
		{"UnicodeScripts takes numbers for a script of their own, and marks too", `{"type":"UnicodeScripts"}`, "a1\u0301б2", []string{"a", "1", "\u0301", "б", "2"}, "0-1 1-2 2-4 4-6 6-7"},
		{"FixedLength is 5 in files that do not say", `{"type":"FixedLength"}`, "abcdefg", []string{"abcde", "fg"}, "0-5 5-7"},
		{"Sequence of nothing leaves the text alone", `{"type":"Sequence","pretokenizers":[]}`, "a b", []string{"a b"}, "0-3"},
		{"Sequence may have another in it", `{"type":"Sequence","pretokenizers":[{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"}]},{"type":"Punctuation"}]}`, "a, b", []string{"a", ",", "b"}, "0-1 1-2 3-4"},
		{"Sequence puts a space before each piece where ByteLevel says so", `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}]}`, "a1b", []string{"Ġa", "Ġ1", "Ġb"}, "0-1 1-2 2-3"},
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
			var may budget.Budget
			may.Begin(nil, len(c.text))
			got, at := []string{}, []string{}
			for _, piece := range pieces(t, stages, normalized.New(&may, c.text), true) {
				from, to := piece.Original(0, len(piece.Text))
				got, at = append(got, piece.Text), append(at, fmt.Sprintf("%d-%d", from, to))
			}
			places := strings.Join(at, " ")
			told, err := json.Marshal(map[string]any{"name": c.name, "spec": json.RawMessage(c.spec), "text": c.text, "want": got, "places": places})
			if err != nil {
				t.Fatal(err)
			}
			t.Attr("pretokenizer", string(told))
			if !slices.Equal(got, c.want) || places != c.places {
				t.Errorf("%q was cut into %q from %s, want %q from %s", c.text, got, places, c.want, c.places)
			}
		})
	}
}

// pieces cuts a text by stages. What rewrites it must do so alike without its places.
func pieces(t *testing.T, stages []Stage, a *normalized.String, first bool) (out []*normalized.String) {
	t.Helper()
	if len(stages) == 0 {
		return []*normalized.String{a}
	}
	sg := stages[0]
	if sg.Prepare != nil {
		want := sg.Prepare(a.May, a.Text, first)
		if sg.Trace(a); a.Text != want {
			t.Errorf("traced to %q, want %q", a.Text, want)
		}
	}
	ranges := []Range{{0, int32(len(a.Text))}}
	if sg.Matcher != nil {
		matches, err := sg.Matcher.Find(a.May, nil, a.Text)
		if err != nil {
			t.Fatal(err)
		}
		ranges = sg.Behavior.Cut(nil, matches)
	}
	for _, r := range ranges {
		if r.Start == r.End {
			continue
		}
		part := a.Slice(int(r.Start), int(r.End))
		if sg.Alphabet {
			part.Alphabet()
		}
		out = append(out, pieces(t, stages[1:], part, first && r.Start == 0)...)
	}
	return out
}

func TestOptionsThatAreNotKnownAreNamed(t *testing.T) {
	for spec, want := range map[string]string{
		`{"type":"Split","pattern":{"String":"-"},"behavior":"Sideways","invert":false}`: `tokenizer: unsupported option "Split.behavior=Sideways"`,
		`{"type":"Punctuation","behavior":"Sideways"}`:                                   `tokenizer: unsupported option "Punctuation.behavior=Sideways"`,
		`{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}`:                 `tokenizer: unsupported option "Metaspace.prepend_scheme=last"`,
		`{"type":"Metaspace","replacement":"ab"}`:                                        `tokenizer: unsupported option "Metaspace.replacement=ab"`,
		`{"type":"FixedLength","length":0}`:                                              `FixedLength has a length of 0`,
		`{"type":"Split","pattern":{"Glob":"*"},"behavior":"Removed","invert":false}`:    `tokenizer: unsupported pattern "{\"Glob\":\"*\"}"`,
		`{"type":"Sequence","pretokenizers":[{"type":"Sideways"}]}`:                      `tokenizer: unsupported pre-tokenizer "Sideways"`,
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			t.Fatal(err)
		}
		if stages, err := s.Stages(nil, &pattern.Compiler{}); err == nil || err.Error() != want || stages != nil {
			t.Errorf("%s: got %d stages and %v, want %s", spec, len(stages), err, want)
		}
	}
}

// What a file says of the mark before a text has changed over the versions of the
// format: older ones have add_prefix_space, of which the reference makes a scheme.
func TestTheMarkBeforeATextFollowsTheNewerOption(t *testing.T) {
	for spec, want := range map[string]string{
		`{"type":"Metaspace"}`:                                                   "always",
		`{"type":"Metaspace","add_prefix_space":true}`:                           "always",
		`{"type":"Metaspace","add_prefix_space":false}`:                          "never",
		`{"type":"Metaspace","add_prefix_space":true,"prepend_scheme":"never"}`:  "never",
		`{"type":"Metaspace","add_prefix_space":false,"prepend_scheme":"first"}`: "first",
	} {
		var s Spec
		if err := json.Unmarshal([]byte(spec), &s); err != nil {
			t.Fatal(err)
		}
		if got, err := s.scheme(); err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", spec, got, err, want)
		}
	}
}

func TestAPreTokenizerThatIsNotKnownIsNamed(t *testing.T) {
	_, err := (&Spec{Type: "Sideways"}).Stages(nil, &pattern.Compiler{})
	if want := `tokenizer: unsupported pre-tokenizer "Sideways"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
