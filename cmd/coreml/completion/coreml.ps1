# Completion of coreml for PowerShell, 5.1 and newer.

Register-ArgumentCompleter -Native -CommandName 'coreml', 'coreml.exe' -ScriptBlock {
    param($word, $ast, $position)

    # The words before the one that is being typed. Native commands lose empty
    # arguments in versions before 7.3, so the empty last word is asked for in quotes there.
    $words = @($ast.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $position -or ($_.Extent.EndOffset -eq $position -and -not $word) } |
        ForEach-Object { if ($_.PSObject.Properties['Value']) { [string]$_.Value } else { $_.Extent.Text } })
    $program = $ast.CommandElements[0].Extent.Text.Trim("'`"".ToCharArray())
    $last = $word.Trim("'`"".ToCharArray())
    if (-not $last -and $PSVersionTable.PSVersion -lt [version]'7.3') { $last = '""' }

    & $program __complete @words $last 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        # What the language would read otherwise stands in quotes.
        $text = $value
        if ($text -match "[^\w\-./\\:=~+]") { $text = "'" + $text.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
    }
}
