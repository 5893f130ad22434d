package openai_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// Requests that would cost more than they say are refused for what they are.
func TestRequestsThatWouldCostALot(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	rep := strings.Repeat
	var biases strings.Builder
	for k := range 70_000 {
		fmt.Fprintf(&biases, `"%d":1,`, k)
	}
	for _, c := range []struct{ name, path, body, param, code string }{
		{"more messages than there may be", chatPath, `"messages":[` + rep(`{"role":"user","content":"a"},`, 20_000) + `{"role":"user","content":"a"}]`, "messages", ""},
		{"messages that are too long", chatPath, `"messages":[` + rep(`{"role":"user","content":"a"},`, 1_000) + `{"role":"user","content":"a"}]`, "messages", "context_length_exceeded"},
		{"a long text", chatPath, `"messages":[{"role":"user","content":"` + rep("a", 300_000) + `"}]`, "messages", "context_length_exceeded"},
		{"many values", chatPath, `"x":[` + rep("1,", 1<<20) + `1],` + hello, "", "invalid_json"},
		{"many tokens", completionsPath, `"prompt":[` + rep("1,", 20_000) + `1]`, "prompt", "context_length_exceeded"},
		{"many prompts", completionsPath, `"prompt":[` + rep(`"a",`, 300) + `"a"]`, "prompt", ""},
		{"a large schema", chatPath, `"guided_json":{"enum":[` + rep(`"aaaaaaaaaaaaaaaa",`, 300_000) + `1]},` + hello, "guided_json", "unsupported_parameter"},
		{"a long expression", chatPath, `"guided_regex":"` + rep("(a|b)*", 100_000) + `",` + hello, "guided_regex", ""},
		{"a choice of much", chatPath, `"guided_choice":[` + rep(`"`+rep("ab", 1000)+`",`, 1000) + `"x"],` + hello, "guided_choice", ""},
		{"biases of all there is", chatPath, `"logit_bias":{` + biases.String() + `"1":1},` + hello, "logit_bias", ""},
		{"more tools than there may be", chatPath, `"tools":[` + rep(`{"type":"function","function":{"name":"f"}},`, 300) + `{}],` + hello, "tools", ""},
		{"breakers", chatPath, `"dry_multiplier":1,"dry_breakers":[` + rep(`"abcdefgh",`, 1000) + `"x"],` + hello, "dry_breakers", ""},
		{"many texts", embeddingsPath, `"input":[` + rep(`"a",`, 3000) + `"a"]`, "model", ""},
	} {
		if e := s.refused(c.path, `{"model":"story",`+c.body+`}`); e.status != 400 || e.Param != c.param || c.code != "" && e.Code != c.code {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
	s.held()
}

// Large requests wait for each other while they are prepared, and small ones for none of them.
func TestLargeRequestsAtOnce(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	large := `{"model":"story","max_tokens":2,"temperature":0,"x":"` + strings.Repeat("y", 400_000) + `",` + hello + `}`
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if r := s.do("POST", chatPath, large); r.status != 200 {
				t.Errorf("%d %.200s", r.status, r.body)
			}
		})
		all.Go(func() {
			if r := s.do("POST", chatPath, `{"model":"story","max_tokens":2,`+hello+`}`); r.status != 200 {
				t.Errorf("%d %.200s", r.status, r.body)
			}
		})
	}
	all.Wait()
	// Those that were refused have left, too.
	for range 6 {
		if e := s.refused(chatPath, strings.Replace(large, "{", `{"n":100,`, 1)); e.Param != "n" {
			t.Errorf("%+v", e)
		}
	}
	var r chatReply
	s.post(chatPath, large, &r)
	s.held()
}
