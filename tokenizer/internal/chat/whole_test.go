package chat

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorded is an answer with the calls that other programs find in it: those of the
// models' makers, vllm, sglang, llama.cpp and mlx-lm.
type recorded struct {
	Name, Format, Answer string
	Text                 *string // not always recorded
	Tools                []any
	Calls                []json.RawMessage // [name, arguments, id if there is one]
}

// recordedAnswers reads testdata/calls.json.
func recordedAnswers(t *testing.T) (list []recorded) {
	t.Helper()
	data, err := os.ReadFile("testdata/calls.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil || len(list) == 0 {
		t.Fatalf("%d answers: %v", len(list), err)
	}
	return list
}

// readIn gives an answer to a parser in parts and returns all that is found in it.
func readIn(format string, options Options, parts []string) (all Part) {
	p := NewParser(format, options)
	add := func(part Part) {
		all.All += part.All
		all.Text += part.Text
		all.Thinking += part.Thinking
		all.Calls = append(all.Calls, part.Calls...)
	}
	for _, part := range parts {
		add(p.Write(part))
	}
	add(p.Close())
	return all
}

// spelled writes calls as the recorded ones are written, without white space between.
func spelled(t *testing.T, calls []Call) (list []string) {
	t.Helper()
	for _, c := range calls {
		parts := []any{c.Name, c.Arguments}
		if c.ID != "" {
			parts = append(parts, c.ID)
		}
		data, err := json.Marshal(parts)
		if err != nil {
			t.Errorf("%s: %q: %v", c.Name, c.Arguments, err)
		}
		list = append(list, string(data))
	}
	return list
}

func TestRecordedAnswersHaveTheirCalls(t *testing.T) {
	for _, c := range recordedAnswers(t) {
		t.Run(c.Format+": "+c.Name, func(t *testing.T) {
			got := readIn(c.Format, Options{Tools: NewTools(c.Tools)}, []string{c.Answer})
			var want []string
			for _, call := range c.Calls {
				var compact strings.Builder
				if err := json.NewEncoder(&compact).Encode(call); err != nil {
					t.Fatal(err)
				}
				want = append(want, strings.TrimSpace(compact.String()))
			}
			// As texts, so that the order of the arguments counts.
			if diff := cmp.Diff(want, spelled(t, got.Calls)); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if c.Text != nil && got.Text != *c.Text {
				t.Errorf("text %q, want %q", got.Text, *c.Text)
			}
		})
	}
}

// sample is an answer that a format's reader is tried with.
type sample struct {
	format, answer string
	options        Options
}

// samples are the answers of all tests, and thinking around them.
func samples(t *testing.T) (list []sample) {
	t.Helper()
	for format, answers := range anyAnswers {
		for _, c := range answers {
			list = append(list, sample{format, c.answer, Options{}})
		}
	}
	for _, c := range recordedAnswers(t) {
		list = append(list, sample{c.Format, c.Answer, Options{Tools: NewTools(c.Tools)}})
	}
	for format, answers := range looseAnswers {
		for _, c := range answers {
			list = append(list, sample{format, c.answer, Options{Tools: NewTools(looseTools)}})
		}
	}
	for _, s := range list {
		for _, m := range formatOf(s.format).thoughts("") {
			thought := m.open + s.answer + m.end
			list = append(list, sample{s.format, thought + s.answer, s.options}, sample{s.format, "So. " + thought + s.answer, s.options})
		}
	}
	return list
}

// randomCuts is the number of random cuts of all answers together.
func randomCuts() int {
	if testing.Short() {
		return 5000
	}
	return 100000
}

// everyCut is the distance between the places where an answer is cut in two.
func everyCut() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// A stream may end its parts anywhere, within a mark or a character too.
func TestAnyCutGivesWhatTheWholeGives(t *testing.T) {
	cuts := randomCuts()
	list := samples(t)
	random := rand.New(rand.NewPCG(1, 2))
	for i, s := range list {
		want := readIn(s.format, s.options, []string{s.answer})
		check := func(parts []string) {
			if got := readIn(s.format, s.options, parts); !reflect.DeepEqual(want, got) {
				t.Fatalf("%s: %q (-whole +parts):\n%s", s.format, parts, cmp.Diff(want, got))
			}
		}
		check(strings.Split(s.answer, ""))
		check(bytesOf(s.answer))
		for range (cuts + i) / len(list) {
			check(randomCut(random, s.answer))
		}
	}
}

// bytesOf cuts a text into its bytes.
func bytesOf(s string) (parts []string) {
	for i := range len(s) {
		parts = append(parts, s[i:i+1])
	}
	return parts
}

// randomCut cuts a text at a few places.
func randomCut(random *rand.Rand, s string) (parts []string) {
	for most := 1 + random.IntN(1+len(s)); s != ""; {
		n := min(1+random.IntN(most), len(s))
		parts = append(parts, s[:n])
		s = s[n:]
	}
	return parts
}

// Readers are monotone: what one says to a text, it says to every longer one.
func TestReadersAnswerALongerTextAlike(t *testing.T) {
	for _, s := range samples(t) {
		f := formatOf(s.format)
		for _, mark := range append(words{""}, f.opens...) {
			at := strings.Index(s.answer, mark)
			if at < 0 || mark == "" && !f.bare {
				continue
			}
			checkMonotone(t, f, input{text: s.answer[at+len(mark):], mark: mark, tools: s.options.Tools})
		}
	}
}

// checkMonotone asks a reader about every beginning of a text.
func checkMonotone(t *testing.T, f *format, whole input) {
	t.Helper()
	var first *result
	for n := range len(whole.text) + 1 {
		for _, final := range []bool{false, true} {
			in := whole
			in.text, in.final = whole.text[:n], final
			r := f.read(in)
			if r.is != needMore && (r.n < 0 || r.n > n) {
				t.Fatalf("%s: %q: of %d bytes it takes %d", f.name, in.text, n, r.n)
			}
			if first != nil && !reflect.DeepEqual(*first, r) {
				t.Fatalf("%s: of %q (final %v) it says %+v, of less it said %+v", f.name, in.text, final, r, *first)
			}
			if first == nil && !final && r.is != needMore {
				first = &r
			}
		}
	}
}
