package generate_test

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// The template is given a variable, and what users write cannot end their message.
func ExampleOptions_chat() {
	ctx := context.Background()
	g, err := generate.OpenFS(ctx, storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Close()
	r, err := generate.Collect(g.Chat(ctx, []tokenizer.Message{{Role: "user", Content: "Once upon a time"}}, &generate.Options{
		MaxTokens: 4,
		Chat: &tokenizer.ChatOptions{
			Template:              "{{ messages[0].content }}{{ ', ' if enable_thinking is false }}",
			Extra:                 map[string]any{"enable_thinking": false},
			SanitizeControlTokens: true,
		},
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Stats.PromptTokens, len(r.Tokens))
	// Output:
	// 6 4
}
