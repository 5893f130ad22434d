package model_test

import (
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
)

const scores = `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["b",-1.5],["ab",-2],["ba",-9]]}`

func TestUnigramTakesTheTokensWithTheGreatestSum(t *testing.T) {
	check(t, []rule{
		{"one token that scores better than its parts", scores, "aab", "a ab"},
		{"parts that score better than their token", scores, "ba", "b a"},
		{"the best way may begin badly", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-5],["ab",-1],["bc",-1],["c",-9]]}`, "abc", "a bc"},
		{"scores may be positive", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",1],["aa",1.5]]}`, "aaa", "a a a"},
		{"characters of several bytes", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["é",-1],["中é",-1]]}`, "é中é", "é 中é"},
		{"a text of nothing has no tokens", scores, "", ""},
	})
}

// Of two ways with the same sum the one that the reference finds first stays: that
// with the longer last token.
func TestUnigramAndWaysOfTheSameSum(t *testing.T) {
	check(t, []rule{
		{"one token and two", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["b",-1],["ab",-2]]}`, "ab", "ab"},
		{"a long end and a long beginning", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["c",-1],["ab",-1],["bc",-1],["b",-9]]}`, "abc", "a bc"},
		{"a sum that is equal on paper alone", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-0.1],["b",-0.2],["ab",-0.3]]}`, "ab", "ab"},
		{"and the other way round", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-0.1],["b",-0.7],["ab",-0.8]]}`, "ab", "a b"},
	})
}

func TestUnigramAndCharactersThatItDoesNotKnow(t *testing.T) {
	const bytes = `{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["?",0],["a",-1],["<0xC3>",-2],["<0xA9>",-2],["<0x78>",-2]]}`
	check(t, []rule{
		{"one is the last resort", scores, "axb", "a x b"},
		{"neighbours are one", scores, "xyb", "xy b"},
		{"they end a text", scores, "axy", "a xy"},
		{"one costs more than the least likely token", `{"type":"Unigram","unk_id":0,"vocab":[["?",-1],["a",-50],["ab",-100]]}`, "ab", "ab"},
		{"so that a token goes before it", `{"type":"Unigram","unk_id":0,"vocab":[["?",0],["a",-1],["xa",-10.5]]}`, "xa", "xa"},
		{"the name of the unknown token is text", scores, "?", "?"},
		{"bytes stand for them", bytes, "aé", "a <0xC3> <0xA9>"},
		{"also for those of ASCII", bytes, "xa", "<0x78> a"},
		{"but not where one is missing", bytes, "èa", "è a"},
		{"neighbours need the bytes of all", bytes, "éè", "éè"},
	})
}

// The best way is one step to each place, and read from its end.
func TestALatticeLeadsBackFromTheEnd(t *testing.T) {
	may := budget.Budget{}
	may.Begin(nil, 3)
	l := model.Lattice{May: &may}
	steps := l.Places("abc")
	if len(steps) != 4 || steps[3].Start != -1 {
		t.Fatalf("the steps are %v", steps)
	}
	steps[1] = model.Step{Score: -1, Start: 0, ID: 7}
	steps[3] = model.Step{Score: -2, Start: 1, ID: 8}
	if got := l.Path(steps); len(got) != 2 || got[0] != 3 || got[1] != 1 {
		t.Errorf("the path is %v, want 3 and 1", got)
	}
	if may.Cuts(1 << 30); l.Places("abc") != nil || len(l.Path(steps)) != 0 {
		t.Error("it goes on after the end of its budget")
	}
}

// Scores are read as the reference's JSON parser reads them, which is one bit beside
// the nearest number for some.
func TestScoresAreReadAsTheReferenceReadsThem(t *testing.T) {
	var rules []map[string]any
	for _, c := range []struct {
		text string
		want float64
	}{
		{"0", 0},
		{"-0.0", 0},
		{"-1", -1},
		{"1.5e1", 15},
		{"-2.5E-2", -0.025},
		{"1e+2", 100},
		{"-8.66", -8.66},
		{"-12.345678901234567", -12.345678901234567},
		{"-3.5971508026123047", -3.5971508026123047},
		{"-10.3193359375", -10.3193359375},
		{"-9.000000000000001e-7", -9.000000000000001e-7},
		{"-11.89923095703125", -11.89923095703125},
		{"-7.1450580000001e22", -7.1450580000001e22},
		{"123456789012345678901234567890", 123456789012345678901234567890},
	} {
		t.Run(c.text, func(t *testing.T) {
			if got, err := model.ParseScore(c.text); err != nil || got != c.want {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
		got, _ := model.ParseScore(c.text)
		rules = append(rules, map[string]any{"kind": "score", "name": c.text, "text": c.text, "want": got})
	}
	write(t, rules)
}
