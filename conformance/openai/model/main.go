// Command model writes the model that clients are tried on, for a server that is started
// elsewhere.
package main

import (
	"fmt"
	"os"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: model DIR")
		os.Exit(2)
	}
	path, err := target.WriteModel(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
