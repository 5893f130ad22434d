package chat

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// templateAnswers are answers as chat templates write them into a conversation, recorded
// by testdata/gen/tokenizer/toolcalls.py of the module.
type templateAnswers struct {
	Tools     []any
	Cases     []string
	Templates []answersOfTemplate
}

// answersOfTemplate are those of one template, one for each case.
type answersOfTemplate struct {
	Templates []string // its names
	Cases     []answerOfTemplate
}

// answerOfTemplate is what follows the prompt, whose end is Tail. Without an answer there
// is a reason for that.
type answerOfTemplate struct {
	Answer, Tail, Reason string
	// Style says how the arguments were given, as a dict or as text, and Engine whether
	// transformers renders the template or only engines that are less strict.
	Style, Engine string
	Calls         []json.RawMessage // [name, arguments]
}

// recordedTemplates reads testdata/answers.json.gz.
func recordedTemplates(t testing.TB) (all templateAnswers) {
	t.Helper()
	file, err := os.Open("testdata/answers.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err == nil {
		err = json.NewDecoder(plain).Decode(&all)
	}
	if err != nil || len(all.Templates) < 100 {
		t.Fatalf("%d templates: %v", len(all.Templates), err)
	}
	return all
}

// formatsOfTemplates reads testdata/formats.txt, the format that each template suggests.
func formatsOfTemplates(t testing.TB) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/formats.txt")
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{}
	for line := range strings.Lines(string(data)) {
		name, format, _ := strings.Cut(strings.TrimSpace(line), "\t")
		formats[name] = format
	}
	return formats
}

// notReadBack are the answers that nobody can read, by the names of their templates and
// cases, with the reason. Without a case it is all of them.
var notReadBack = map[[2]string]string{
	{"tool_chat_template_gemma3_pythonic", ""}: "commas between the arguments are missing",
	{"qwen1.5-moe-chat.50eb5f", ""}:            "a quotation mark is missing behind the name",
}

// withoutCalls are the templates that write no calls of a conversation, so that nothing
// can be read back: they leave them out, or know of no tools.
var withoutCalls = map[string]string{
	"HuggingFaceTB-SmolLM3-3B":            "calls are left out",
	"LFM2-8B-A1B":                         "calls are left out",
	"LFM2.5-Instruct":                     "calls are left out",
	"ibm-granite-granite-3.3-2B-Instruct": "calls are left out",
	"google-gemma-2-2b-it":                "knows no tools",
	"llama-cpp-rwkv-world":                "knows no tools",
	"microsoft-Phi-3.5-mini-instruct":     "knows no tools",
	"chatml_with_headers":                 "calls are left out",
	"granite-3.0-instruct":                "calls are left out",
	"groq_tool_use":                       "calls are left out",
	"llama3_fire_function_v2":             "calls are left out",
	"tool_chat_template_glm4":             "calls are left out",
	"glm4-0414.190d08":                    "calls are left out",
	"glm4-chat-1m.6f227d":                 "calls are left out",
	"glm4-chat.911c92":                    "calls are left out",

	"hfjs_CohereForAI_c4ai-command-r-v01.2": "calls are left out",
	"hfjs_HuggingFaceTB_SmolLM3-3B.8":       "calls are left out",
	"hfjs_MadeAgents_Hammer2.1.10":          "calls are left out",
	"hfjs_fireworks-ai_firefunction-v1.30":  "wants a message of the role functions",
	"ort_gpt-oss.54":                        "wants tools in a form of its own",
	"ort_models_phi-4.56":                   "calls are left out",
	"ort_phi-4-mini-reasoning.61":           "knows no tools",
	"ort_v5_qwen2.5-synthetic.63":           "calls are left out",
}

func TestTemplatesWithoutCallsAreListed(t *testing.T) {
	for _, template := range recordedTemplates(t).Templates {
		name := template.Templates[0]
		calls := slices.ContainsFunc(template.Cases, func(c answerOfTemplate) bool { return c.Answer != "" })
		if listed := withoutCalls[name] != ""; calls == listed {
			t.Errorf("%s: writes calls %v, is listed %v", name, calls, listed)
		}
	}
}

// unreadable returns why an answer is not read back, empty where it is.
func unreadable(template, name string) string {
	if reason := notReadBack[[2]string{template, name}]; reason != "" {
		return reason
	}
	return notReadBack[[2]string{template, ""}]
}

// eachAnswer goes through the answers that are read back.
func eachAnswer(t *testing.T, do func(t *testing.T, format, name string, tools *Tools, c answerOfTemplate)) {
	all, formats := recordedTemplates(t), formatsOfTemplates(t)
	tools := NewTools(all.Tools)
	for _, template := range all.Templates {
		for i, c := range template.Cases {
			name := template.Templates[0]
			if c.Answer == "" || unreadable(name, all.Cases[i]) != "" {
				continue
			}
			t.Run(name+": "+all.Cases[i], func(t *testing.T) { do(t, formats[name], all.Cases[i], tools, c) })
		}
	}
}

// checkCalls compares calls as texts, so that the order of the arguments counts.
func checkCalls(t *testing.T, got []Call, want []json.RawMessage) {
	t.Helper()
	for i := range got {
		got[i].ID = "" // is not recorded
	}
	var texts, found []string
	for _, call := range want {
		texts = append(texts, tokensOf(call))
	}
	for _, call := range spelled(t, got) {
		found = append(found, tokensOf([]byte(call)))
	}
	if diff := cmp.Diff(texts, found); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// tokensOf writes the tokens of JSON: however texts are escaped, they are the same.
func tokensOf(raw []byte) string {
	var out strings.Builder
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return out.String()
		}
		fmt.Fprintf(&out, "%#v ", token)
	}
}

func TestTheCallsThatTemplatesWriteAreReadBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	cuts := 10
	if testing.Short() {
		cuts = 1
	}
	eachAnswer(t, func(t *testing.T, format, _ string, tools *Tools, c answerOfTemplate) {
		options := Options{Tools: tools, Prompt: c.Tail}
		whole := readIn(format, options, []string{c.Answer})
		for range cuts {
			parts := randomCut(random, c.Answer)
			if diff := cmp.Diff(whole, readIn(format, options, parts)); diff != "" {
				t.Fatalf("%q (-whole +parts):\n%s", parts, diff)
			}
		}
		if diff := cmp.Diff(whole, readIn(format, options, bytesOf(c.Answer))); diff != "" {
			t.Errorf("byte by byte (-whole +parts):\n%s", diff)
		}
		checkCalls(t, whole.Calls, c.Calls)
	})
}

// Nothing of the form is left in what a reader gets to see.
func TestOnlyTheTextIsLeftOfWhatTemplatesWrite(t *testing.T) {
	texts := []string{"", "Let me look.", "I think of {x}.", "I think so."}
	// What these write is more than the form of calls: a turn of the user, marks of
	// turns, thinking that nothing opens.
	more := []string{"mistral_parallel", "deepseekv31", "DeepSeek-V3.2-Exp", "Deepseek-V3.1.", "deepseek-v3.9", "Apriel-1.6"}
	eachAnswer(t, func(t *testing.T, format, name string, tools *Tools, c answerOfTemplate) {
		if slices.ContainsFunc(more, func(s string) bool { return strings.Contains(t.Name(), s) }) {
			return
		}
		got := readIn(format, Options{Tools: tools, Prompt: c.Tail}, []string{c.Answer})
		for _, s := range []string{got.Text, got.Thinking} {
			if !slices.Contains(texts, strings.TrimSpace(s)) {
				t.Errorf("of %q is left %q, thinking %q", c.Answer, got.Text, got.Thinking)
			}
		}
	})
}

// Within thinking a call is only spoken of.
func TestTheCallsThatTemplatesWriteAreNoneWithinThinking(t *testing.T) {
	eachAnswer(t, func(t *testing.T, format, _ string, tools *Tools, c answerOfTemplate) {
		for _, m := range formatOf(format).thoughts("") {
			if m.open == "" || m.end == "" || slices.ContainsFunc(m.ends(), func(s string) bool { return strings.Contains(c.Answer, s) }) {
				continue
			}
			got := readIn(format, Options{Tools: tools}, bytesOf(m.open+c.Answer+m.end+"\nHello."))
			if len(got.Calls) > 0 || strings.TrimSpace(got.Text) != "Hello." || got.Thinking != c.Answer {
				t.Errorf("%s%s: %d calls, text %q, thinking %q", m.open, m.end, len(got.Calls), got.Text, got.Thinking)
			}
		}
	})
}

func TestReadersOfAllFamiliesAnswerALongerTextAlike(t *testing.T) {
	seen := map[string]bool{}
	eachAnswer(t, func(t *testing.T, format, _ string, tools *Tools, c answerOfTemplate) {
		f := formatOf(format)
		for _, mark := range append(words{""}, f.opens...) {
			at := strings.Index(c.Answer, mark)
			if at < 0 || mark == "" && !f.bare {
				continue
			}
			rest := c.Answer[at+len(mark):]
			if key := fmt.Sprint(format, mark, rest); !seen[key] {
				seen[key] = true
				checkMonotone(t, f, input{text: rest, mark: mark, tools: tools})
			}
		}
	})
}
