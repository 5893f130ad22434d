package main

import (
	_ "embed"
	"io"
)

// completionCmd is the verb completion. It promises a script that a shell reads once:
// what it offers is asked of the program itself, and so holds for every version.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"The shell: bash, zsh, fish or powershell."`
}

// Help is printed by kong above the flags.
func (*completionCmd) Help() string {
	return `The script completes commands, flags, the names that flags take, files and folders where one is wanted, and the repositories of the local cache where a model is.

    bash         eval "$(coreml completion bash)" in ~/.bashrc
    zsh          eval "$(coreml completion zsh)" in ~/.zshrc, behind compinit
    fish         coreml completion fish | source in ~/.config/fish/config.fish
    powershell   coreml completion powershell | Out-String | iex in $PROFILE

Examples:

    coreml completion bash
    coreml completion zsh > ~/.zfunc/_coreml
    coreml completion fish > ~/.config/fish/completions/coreml.fish`
}

// The scripts.
var (
	//go:embed completion/coreml.bash
	completionBash string
	//go:embed completion/coreml.zsh
	completionZsh string
	//go:embed completion/coreml.fish
	completionFish string
	//go:embed completion/coreml.ps1
	completionPowerShell string
)

// Run is called by kong.
func (c *completionCmd) Run(s *streams) error {
	script := map[string]string{
		"bash": completionBash, "zsh": completionZsh, "fish": completionFish, "powershell": completionPowerShell,
	}[c.Shell]
	// The script is for a program: nothing in it is to be shown otherwise.
	_, err := io.WriteString(s.raw, script)
	return err
}
