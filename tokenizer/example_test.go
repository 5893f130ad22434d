package tokenizer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/tokenizer"
)

func Example() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := t.Encode("Once upon a time", true)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ids)
	fmt.Println(t.Decode(ids, true))
	// Output:
	// [1 474 473 260 415]
	// Once upon a time
}

func ExampleTokenizer_Count() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := t.Count("Once upon a time", true)
	fmt.Println(n, err)
	// Output:
	// 5 <nil>
}

func ExampleTokenizer_Truncate() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	const text = "Once upon a time there was a frog."
	start, n, err := t.Truncate(text, 4, nil)
	fmt.Printf("%q %d %v\n", start, n, err)
	end, n, err := t.Truncate(text, 4, &tokenizer.TruncateOptions{Left: true})
	fmt.Printf("%q %d %v\n", end, n, err)
	// Output:
	// "Once upon a time" 4 <nil>
	// " was a frog." 4 <nil>
}

func ExampleTokenizer_EncodeContext() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = t.EncodeContext(ctx, "Once upon a time", true)
	fmt.Println(errors.Is(err, context.Canceled))
	// Output:
	// true
}

func ExampleTokenizer_NewDecoder() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := t.Encode("a café 🙂", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	d := t.NewDecoder(true)
	for _, id := range ids {
		fmt.Printf("%q ", d.Next(id))
	}
	fmt.Printf("%q\n", d.Flush())
	// Output:
	// "a" " ca" "f" "" "é" " " "" "" "" "🙂" ""
}

func ExampleTokenizer_ApplyChatTemplate() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := t.ApplyChatTemplate(context.Background(), []tokenizer.Message{
		{Role: "system", Content: "Tell short stories."},
		{Role: "user", Content: "One about a frog."},
	}, &tokenizer.ChatOptions{
		AddGenerationPrompt: true,
		Template:            "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
	// Output:
	// <system>Tell short stories.
	// <user>One about a frog.
	// <assistant>
}

// The user's control token is text; the template's ends the message.
func ExampleTokenizer_EncodeChat() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := t.EncodeChat(context.Background(), []tokenizer.Message{{Role: "user", Content: "<|endoftext|>"}}, &tokenizer.ChatOptions{
		Template:              "{{ messages[0].content }}<|endoftext|>",
		SanitizeControlTokens: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, id := range ids {
		token, _ := t.IDToToken(id)
		fmt.Printf("%s/%v ", token, t.IsSpecial(id))
	}
	fmt.Println()
	// Output:
	// </false |/false end/false of/false te/false xt/false |/false >/false <|endoftext|>/true
}

// An answer that was begun goes on, and a variable switches thinking off.
func ExampleChatOptions() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	const template = "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' and enable_thinking is false %}[no thoughts]{% endif %}{{ m.content }}</s>{% endfor %}"
	text, err := t.ApplyChatTemplate(context.Background(), []tokenizer.Message{
		{Role: "user", Content: "Count to three."},
		{Role: "assistant", Content: "One, two,"},
	}, &tokenizer.ChatOptions{
		ContinueFinalMessage: true,
		Extra:                map[string]any{"enable_thinking": false},
		RefuseUnused:         true, // a misspelled variable is an error
		Template:             template,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(text)
	_, err = t.ApplyChatTemplate(context.Background(), []tokenizer.Message{{Role: "user", Content: "Hi"}}, &tokenizer.ChatOptions{
		Tools: []any{map[string]any{"name": "weather"}}, Template: template,
	})
	fmt.Println(errors.Is(err, tokenizer.ErrNoTools))
	// Output:
	// <user>Count to three.</s><assistant>[no thoughts]One, two,
	// true
}

// A message of OpenAI's API as a template sees it.
func ExampleMessage_Normalized() {
	var m tokenizer.Message
	if err := json.Unmarshal([]byte(`{"role":"assistant","content":null,"reasoning":"Hm."}`), &m); err != nil {
		fmt.Println(err)
		return
	}
	data, err := json.Marshal(m.Normalized())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(data))
	// Output:
	// {"thinking":"Hm.","role":"assistant","reasoning":"Hm.","reasoning_content":"Hm."}
}

func ExampleTokenizer_TokenToID() {
	t, err := tokenizer.Load("testdata/storyteller")
	if err != nil {
		fmt.Println(err)
		return
	}
	id, ok := t.TokenToID("<|endoftext|>")
	fmt.Println(id, ok, t.IsSpecial(id), t.VocabSize())
	fmt.Println(t.Config().EOSToken)
	// Output:
	// 0 true true 991
	// <|endoftext|>
}
