package chat

import "strings"

// llama is the format of Llama 3.1 and later: an answer that is an object.
var llama = &format{
	name:  "llama",
	marks: []string{"<|python_tag|>"},
	suits: func(template string) bool {
		return strings.Contains(template, "<|python_tag|>") ||
			strings.Contains(template, `"parameters": `) && strings.Contains(template, "<|start_header_id|>")
	},
	opens: words{"<|python_tag|>", openFunction},
	bare:  true,
	join:  ';',
	ends:  "})]>",
	read:  readLlama,
}

func readLlama(in input) result {
	if in.mark == openFunction {
		return readFunction(in)
	}
	return readCalls(in, "")
}
