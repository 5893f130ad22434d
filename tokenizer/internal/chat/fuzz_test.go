package chat

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever a model writes, any cut gives what the whole gives, nothing of it is lost
// without a call, and the arguments of calls are objects.
func FuzzAnyCut(f *testing.F) {
	families := familyAnswers()
	for i, known := range formats {
		for _, c := range append(families[known.name], anyAnswers[known.name]...) {
			f.Add(uint8(i), c.answer, uint64(7))
			f.Add(uint8(i), c.answer, uint64(5)) // without tools
			f.Add(uint8(i), "<think>"+c.answer+"</think>"+c.answer, uint64(9))
		}
	}
	for i, known := range formats {
		for _, c := range looseAnswers[known.name] {
			f.Add(uint8(i), strings.NewReplacer("weather", "f", "days", "n", "city", "a").Replace(c.answer), uint64(8))
		}
	}
	tool := json.RawMessage(`{"name": "f", "parameters": {"properties": {"a": {"type": "string"}, "n": {"type": ["integer", "null"]}}}}`)
	f.Fuzz(func(t *testing.T, index uint8, answer string, seed uint64) {
		answer = answer[:min(len(answer), 5000)]
		format := formats[int(index)%len(formats)].name
		var options Options
		if seed%2 == 0 {
			options.Tools = NewTools([]any{tool})
		}
		options.NoTools = seed%5 == 0
		whole := readIn(format, options, []string{answer})
		for _, call := range whole.Calls {
			if !json.Valid(call.Arguments) || call.Arguments[0] != '{' || call.Name == "" {
				t.Fatalf("%s: %q has the call %q with the arguments %q", format, answer, call.Name, call.Arguments)
			}
		}
		random := rand.New(rand.NewPCG(seed, 1))
		for _, parts := range [][]string{randomCut(random, answer), randomCut(random, answer), bytesOf(answer)} {
			if got := readIn(format, options, parts); !reflect.DeepEqual(whole, got) {
				t.Fatalf("%s: %q (-whole +parts):\n%s", format, parts, cmp.Diff(whole, got))
			}
		}
		if len(answer) > 300 {
			return
		}
		known := formatOf(format)
		for _, mark := range append(words{""}, known.opens...) {
			if mark != "" || known.bare && answer != "" && space(answer) == 0 {
				checkMonotone(t, known, input{text: answer, mark: mark, tools: options.Tools})
			}
		}
	})
}
