// Command tosafetensors writes the weights of a Llama or Mistral package as a
// checkpoint in Hugging Face's layout, for programs that read nothing else:
//
//	tosafetensors -rope 10000 Model.mlpackage folder
//
// The folder gets model.safetensors and config.json. Weights are written as the
// float32 numbers that they mean, so that nothing is lost and a program that
// stores them in few bits quantises them again by itself.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	rope := flag.Float64("rope", 10000, "base of the rotary positions, which the package does not name")
	family := flag.String("type", "llama", "model_type of config.json; programs that know one name only may ask for another")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: tosafetensors [-rope BASE] [-type NAME] Model.mlpackage folder")
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), flag.Arg(1), *family, *rope); err != nil {
		fmt.Fprintf(os.Stderr, "tosafetensors: %v\n", err)
		os.Exit(1)
	}
}
