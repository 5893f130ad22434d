package openai_test

import (
	"strings"
	"testing"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// A field that is wrong, or that cannot be honoured, is named.
func TestFieldsThatAreRefused(t *testing.T) {
	s := serve(t, openai.Config{MaxAnswers: 4}, generate.Config{})
	stops := `["` + strings.Repeat(`x","`, 64) + `x"]`
	for _, c := range []struct{ path, fields, param string }{
		// Wrong types.
		{chatPath, `"model":7,` + hello, "model"},
		{chatPath, `"model":["story"],` + hello, "model"},
		{chatPath, `"temperature":"hot",` + hello, "temperature"},
		{chatPath, `"temperature":true,` + hello, "temperature"},
		{chatPath, `"top_k":1.5,` + hello, "top_k"},
		{chatPath, `"max_tokens":"5",` + hello, "max_tokens"},
		{chatPath, `"max_tokens":[],` + hello, "max_tokens"},
		{chatPath, `"stream":"yes",` + hello, "stream"},
		{chatPath, `"stream_options":1,` + hello, "stream_options"},
		{chatPath, `"stream_options":{"include_usage":1},` + hello, "stream_options.include_usage"},
		{chatPath, `"seed":"a",` + hello, "seed"},
		{chatPath, `"seed":1.5,` + hello, "seed"},
		{chatPath, `"stop":1,` + hello, "stop"},
		{chatPath, `"stop":["a",1],` + hello, "stop[1]"},
		{chatPath, `"stop":` + stops + `,` + hello, "stop"},
		{chatPath, `"stop":"` + strings.Repeat("x", 2000) + `",` + hello, "stop"},
		{chatPath, `"logit_bias":[],` + hello, "logit_bias"},
		{chatPath, `"logit_bias":{"a":1},` + hello, "logit_bias"},
		{chatPath, `"logit_bias":{"5":"a"},` + hello, "logit_bias.5"},
		{chatPath, `"messages":"Hi"`, "messages"},
		{chatPath, `"messages":[]`, "messages"},
		{chatPath, `"x":1`, "messages"},
		{chatPath, `"messages":[1]`, "messages[0]"},
		{chatPath, `"messages":[{"content":"Hi"}]`, "messages[0].role"},
		{chatPath, `"messages":[{"role":7,"content":"Hi"}]`, "messages[0].role"},
		{chatPath, `"messages":[{"role":"user","content":7}]`, "messages[0].content"},
		{chatPath, `"messages":[{"role":"user","content":{}}]`, "messages[0].content"},
		{chatPath, `"messages":[{"role":"user","content":["Hi"]}]`, "messages[0].content[0]"},
		{chatPath, `"messages":[{"role":"user","content":[{"type":"video"}]}]`, "messages[0].content[0].type"},
		{chatPath, `"messages":[{"role":"user","content":[{"type":"text","text":1}]}]`, "messages[0].content[0].text"},
		{chatPath, `"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]`, "messages[0].content[0].image_url.url"},
		{chatPath, `"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]`, "messages[0].tool_calls[0].function"},
		{chatPath, `"messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{}}]}]`, "messages[0].tool_calls[0].function.name"},
		{chatPath, `"messages":[{"role":"tool","tool_call_id":"a"}]`, "messages[0].content"},
		{chatPath, `"messages":[{"role":"function","name":"f","content":"1"}]`, "messages[0].role"},
		{chatPath, `"tools":{},` + hello, "tools"},
		{chatPath, `"tools":[{"type":"web_search"}],` + hello, "tools[0].type"},
		{chatPath, `"tools":[{"type":"function"}],` + hello, "tools[0].function"},
		{chatPath, `"tools":[{"type":"function","function":{"name":""}}],` + hello, "tools[0].function.name"},
		{chatPath, `"tools":[{"type":"function","function":{"name":"f","parameters":"x"}}],` + hello, "tools[0].function.parameters"},
		{chatPath, `"tool_choice":"required",` + hello, "tool_choice"},
		{chatPath, `"tool_choice":"sometimes",` + tools + `,` + hello, "tool_choice"},
		{chatPath, `"tool_choice":{"type":"function","function":{"name":"nothing"}},` + tools + `,` + hello, "tool_choice"},
		{chatPath, `"tool_choice":{"type":"allowed_tools"},` + tools + `,` + hello, "tool_choice.type"},
		{chatPath, `"response_format":"json",` + hello, "response_format"},
		{chatPath, `"response_format":{"type":"xml"},` + hello, "response_format.type"},
		{chatPath, `"response_format":{"type":"json_schema"},` + hello, "response_format"},
		{chatPath, `"response_format":{"type":"json_schema","json_schema":{"schema":{"type":7}}},` + hello, "response_format.json_schema.schema"},
		{chatPath, `"response_format":{"type":"json_object"},` + tools + `,` + hello, "response_format"},
		{chatPath, `"response_format":{"type":"json_object"},"regex":"a",` + hello, "regex"},
		{chatPath, `"guided_regex":"(",` + hello, "guided_regex"},
		{chatPath, `"guided_regex":"((((a{1,1000}){1,1000}){1,1000}){1,1000})",` + hello, "guided_regex"},
		{chatPath, `"guided_grammar":"root :=",` + hello, "guided_grammar"},
		{chatPath, `"guided_choice":[1],` + hello, "guided_choice[0]"},
		{chatPath, `"guided_json":"{",` + hello, "guided_json"},
		// Out of range.
		{chatPath, `"temperature":-1,` + hello, "temperature"},
		{chatPath, `"temperature":1e400,` + hello, "temperature"},
		{chatPath, `"top_p":2,"temperature":1,` + hello, "top_p"},
		{chatPath, `"max_tokens":0,` + hello, "max_tokens"},
		{chatPath, `"max_completion_tokens":-5,` + hello, "max_completion_tokens"},
		{chatPath, `"n":5,` + hello, "n"},
		{chatPath, `"n":0,` + hello, "n"},
		{chatPath, `"top_logprobs":3,` + hello, "top_logprobs"},
		{chatPath, `"logprobs":true,"top_logprobs":101,` + hello, "top_logprobs"},
		{chatPath, `"logit_bias":{"99999":1},` + hello, "logit_bias"},
		{chatPath, `"mirostat":1,` + hello, "mirostat"},
		{chatPath, `"stop_token_ids":[99999],` + hello, "stop_token_ids"},
		{chatPath, `"overflow":"explode",` + hello, "overflow"},
		{chatPath, `"reasoning_effort":"huge",` + hello, "reasoning_effort"},
		{chatPath, `"negative_prompt":"x",` + hello, "negative_prompt"},
		// What cannot be honoured.
		{chatPath, `"functions":[{"name":"f"}],` + hello, "functions"},
		{chatPath, `"function_call":"auto",` + hello, "function_call"},
		{chatPath, `"use_beam_search":true,` + hello, "use_beam_search"},
		{chatPath, `"include_stop_str_in_output":true,` + hello, "include_stop_str_in_output"},
		{chatPath, `"skip_special_tokens":false,` + hello, "skip_special_tokens"},
		{chatPath, `"prompt_logprobs":1,` + hello, "prompt_logprobs"},
		{chatPath, `"modalities":["text","audio"],` + hello, "modalities"},
		{chatPath, `"audio":{"voice":"x"},` + hello, "audio"},
		{chatPath, `"web_search_options":{"x":1},` + hello, "web_search_options"},
		{chatPath, `"echo":true,` + hello, "echo"},
		{chatPath, `"add_generation_prompt":false,` + hello, "add_generation_prompt"},
		{chatPath, `"adapter":"nothing",` + hello, "adapter"},
		{chatPath, `"function":"nothing",` + hello, "function"},
		{completionsPath, `"x":1`, "prompt"},
		{completionsPath, `"prompt":{}`, "prompt"},
		{completionsPath, `"prompt":[]`, "prompt"},
		{completionsPath, `"prompt":[true]`, "prompt[0]"},
		{completionsPath, `"prompt":["a",7]`, "prompt[1]"},
		{completionsPath, `"prompt":[5,"a"]`, "prompt[1]"},
		{completionsPath, `"prompt":[-5]`, "prompt[0]"},
		{completionsPath, `"prompt":[[1],[]]`, "prompt[1]"},
		{completionsPath, `"prompt":"a","suffix":"b"`, "suffix"},
		{completionsPath, `"prompt":"a","max_tokens":0`, "max_tokens"},
		{completionsPath, `"prompt":"a","best_of":5`, "best_of"},
		{completionsPath, `"prompt":"a","n":2,"best_of":1`, "best_of"},
		{completionsPath, `"prompt":"a","best_of":2,"stream":true`, "best_of"},
		{completionsPath, `"prompt":"a","logprobs":true`, "logprobs"},
		{completionsPath, `"prompt":"a","logprobs":1000`, "logprobs"},
		{"/v1/responses", `"x":1`, "input"},
		{"/v1/responses", `"input":7`, "input"},
		{"/v1/responses", `"input":[]`, "input"},
		{"/v1/responses", `"input":[{"type":"computer_call"}]`, "input[0].type"},
		{"/v1/responses", `"input":[{"type":"function_call","call_id":"a"}]`, "input[0].name"},
		{"/v1/responses", `"input":[{"type":"function_call_output","call_id":"a"}]`, "input[0].output"},
		{"/v1/responses", `"input":[{"type":"function_call_output","call_id":"a","output":5}]`, "input[0].output"},
		{"/v1/responses", `"input":[{"role":"user","content":[{"type":"input_file"}]}]`, "input[0].content[0].type"},
		{"/v1/responses", `"input":"Hi","previous_response_id":"resp_1"`, "previous_response_id"},
		{"/v1/responses", `"input":"Hi","store":true`, "store"},
		{"/v1/responses", `"input":"Hi","background":true`, "background"},
		{"/v1/responses", `"input":"Hi","prompt":{"id":"x"}`, "prompt"},
		{"/v1/responses", `"input":"Hi","truncation":"sometimes"`, "truncation"},
		{"/v1/responses", `"input":"Hi","include":["file_search_call.results"]`, "include"},
		{"/v1/responses", `"input":"Hi","tools":[{"type":"web_search"}]`, "tools[0].type"},
		{"/v1/responses", `"input":"Hi","tools":[{"type":"function"}]`, "tools[0].name"},
		{"/v1/responses", `"input":"Hi","text":{"format":{"type":"json_schema"}}`, "text.format"},
		{"/v1/responses", `"input":"Hi","text":{"format":{"type":"json_object"}},"tools":[{"type":"function","name":"f"}]`, "text.format"},
		{"/v1/responses", `"input":"Hi","reasoning":{"effort":"huge"}`, "reasoning.effort"},
		{"/v1/responses", `"input":"Hi","max_output_tokens":0`, "max_output_tokens"},
		{"/v1/embeddings", `"input":"Hi"`, "model"},
		{"/tokenize", `"x":1`, "prompt"},
		{"/tokenize", `"prompt":7`, "prompt"},
		{"/detokenize", `"x":1`, "tokens"},
		{"/detokenize", `"tokens":[-1]`, "tokens[0]"},
	} {
		body := `{"model":"story",` + c.fields + `}`
		if e := s.refused(c.path, body); e.status != 400 || e.Param != c.param || e.Type != "invalid_request_error" {
			t.Errorf("%s %.200s: %+v, want %s", c.path, body, e, c.param)
		}
	}
	s.held()
}

// Fields that mean nothing here are left alone, and so is null.
func TestFieldsThatAreLeftAlone(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	const plain = `{"model":"story","max_tokens":5,"temperature":0,` + hello
	var want, got chatReply
	s.post(chatPath, plain+`}`, &want)
	for _, fields := range []string{
		`"user":"me","metadata":{"a":"b"},"service_tier":"auto","store":false,"prediction":{"type":"content","content":"x"}`,
		`"stop":null,"n":null,"tools":null,"tool_choice":null,"response_format":null,"logit_bias":null,"seed":null,"stream":null,"functions":null`,
		`"something_new":{"deep":[1,2,3]},"verbosity":"low"`,
		`"response_format":{"type":"text"},"use_beam_search":false,"echo":false,"modalities":["text"],"grammar":"","skip_special_tokens":true`,
		`"n":1.0,"max_completion_tokens":5.0,"stop":[],"logit_bias":{},"mirostat":0,"mirostat_tau":5,"dry_penalty_last_n":0,"dry_multiplier":0`,
		`"parallel_tool_calls":true,"add_generation_prompt":true,"guidance_scale":1`,
	} {
		s.post(chatPath, plain+`,`+fields+`}`, &got)
		if *got.Choices[0].Message.Content != *want.Choices[0].Message.Content {
			t.Errorf("%s: %q, want %q", fields, *got.Choices[0].Message.Content, *want.Choices[0].Message.Content)
		}
	}
}

// All that says how tokens are chosen reaches the sampler, by each of its names.
func TestSamplingFields(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{})
	seed := uint64(3)
	for _, c := range []struct {
		fields string
		change func(s *generate.Sampling)
	}{
		{`"temperature":1.5`, func(s *generate.Sampling) { s.Temperature = 1.5 }},
		{`"temperature":1.5,"top_k":3`, func(s *generate.Sampling) { s.Temperature, s.TopK = 1.5, 3 }},
		{`"temperature":1.5,"top_k":-1`, func(s *generate.Sampling) { s.Temperature, s.TopK = 1.5, 0 }},
		{`"temperature":1.5,"top_p":0.3`, func(s *generate.Sampling) { s.Temperature, s.TopP = 1.5, 0.3 }},
		{`"temperature":1.5,"min_p":0.2`, func(s *generate.Sampling) { s.Temperature, s.MinP = 1.5, 0.2 }},
		{`"temperature":1.5,"typical":0.4`, func(s *generate.Sampling) { s.Temperature, s.TypicalP = 1.5, 0.4 }},
		{`"temperature":1.5,"top_n_sigma":1`, func(s *generate.Sampling) { s.Temperature, s.TopNSigma = 1.5, 1 }},
		{`"temperature":1.5,"epsilon_cutoff":0.1`, func(s *generate.Sampling) { s.Temperature, s.EpsilonCutoff = 1.5, 0.1 }},
		{`"temperature":1.5,"eta_cutoff":0.1`, func(s *generate.Sampling) { s.Temperature, s.EtaCutoff = 1.5, 0.1 }},
		{`"temperature":1.5,"xtc_probability":1,"xtc_threshold":0.05`, func(s *generate.Sampling) {
			s.Temperature, s.XTC = 1.5, &generate.XTC{Probability: 1, Threshold: 0.05}
		}},
		{`"temperature":1.5,"mirostat":2,"mirostat_tau":2,"mirostat_eta":0.3`, func(s *generate.Sampling) {
			s.Temperature, s.Mirostat = 1.5, &generate.Mirostat{Tau: 2, Eta: 0.3}
		}},
		{`"temperature":1.5,"mirostat_tau":2`, func(s *generate.Sampling) { s.Temperature, s.Mirostat = 1.5, &generate.Mirostat{Tau: 2} }},
		{`"temperature":0,"repetition_penalty":1.9`, func(s *generate.Sampling) { s.Temperature, s.RepetitionPenalty = 0, 1.9 }},
		{`"temperature":0,"repeat_penalty":1.9`, func(s *generate.Sampling) { s.Temperature, s.RepetitionPenalty = 0, 1.9 }},
		{`"temperature":0,"presence_penalty":2`, func(s *generate.Sampling) { s.Temperature, s.PresencePenalty = 0, 2 }},
		{`"temperature":0,"frequency_penalty":2`, func(s *generate.Sampling) { s.Temperature, s.FrequencyPenalty = 0, 2 }},
		{`"temperature":0,"dry_multiplier":5,"dry_base":2,"dry_allowed_length":1,"dry_penalty_last_n":-1,"dry_sequence_breakers":["a"]`, func(s *generate.Sampling) {
			s.Temperature, s.DRY = 0, &generate.DRY{Multiplier: 5, Base: 2, AllowedLength: 1, Breakers: []string{"a"}}
		}},
		{`"temperature":0,"no_repeat_ngram_size":1`, func(s *generate.Sampling) { s.Temperature, s.NoRepeatNgram = 0, 1 }},
		{`"temperature":0,"logit_bias":{"53":100,"474":-100}`, func(s *generate.Sampling) { s.Temperature, s.LogitBias = 0, map[int]float64{53: 100, 474: -100} }},
		{`"temperature":0,"sequence_bias":[[[53],"-inf"],[[60,61],3]]`, func(s *generate.Sampling) {
			s.Temperature, s.SequenceBias = 0, []generate.BiasedSequence{{Tokens: []int{53}, Bias: -1e6}, {Tokens: []int{60, 61}, Bias: 3}}
		}},
		{`"temperature":0,"suppress_tokens":[473,14],"begin_suppress_tokens":[17]`, func(s *generate.Sampling) {
			s.Temperature, s.SuppressTokens, s.BeginSuppressTokens = 0, []int{473, 14}, []int{17}
		}},
		{`"temperature":0,"forced_tokens":[53,60,61],"min_tokens":7`, func(s *generate.Sampling) { s.Temperature, s.ForcedTokens, s.MinNewTokens = 0, []int{53, 60, 61}, 7 }},
		{`"temperature":0,"bad_words":[[53],[14]]`, func(s *generate.Sampling) { s.Temperature, s.BadWords = 0, [][]int{{53}, {14}} }},
	} {
		want := library(t, s.g, &generate.Options{MaxTokens: 8, Sampling: merged(s.g, func(s *generate.Sampling) {
			s.Seed = &seed
			c.change(s)
		})}).Text
		var r chatReply
		s.post(chatPath, `{"model":"story","max_tokens":8,"seed":3,`+c.fields+`,`+hello+`}`, &r)
		if got := *r.Choices[0].Message.Content; got != want {
			t.Errorf("%s: %q, want %q", c.fields, got, want)
		}
	}
	// Without any the model's own settings hold, and narrowing a greedy choice makes one.
	var r chatReply
	s.post(chatPath, `{"model":"story","max_tokens":16,"bad_words":["the"],"temperature":0,`+hello+`}`, &r)
	if text := *r.Choices[0].Message.Content; strings.Contains(" "+text+" ", " the ") {
		t.Errorf("a bad word is in %q", text)
	}
}
