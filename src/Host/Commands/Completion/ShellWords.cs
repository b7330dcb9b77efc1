namespace Pipelines.Host.Commands.Completion;

/// <summary>Words of a shell's language.</summary>
internal static class ShellWords
{
    /// <summary>A text as one word of a shell, in quotes where it needs them.</summary>
    public static string Word(string text) => IsPlain(text) ? text : Quoted(text);

    /// <summary>A text as one word of a shell, in quotes.</summary>
    public static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Whether a shell takes a text for one word as it is.</summary>
    private static bool IsPlain(string text) =>
        text.Length > 0 && text.All(c => char.IsLetterOrDigit(c) || "-_./=,:+".Contains(c, StringComparison.Ordinal));
}
