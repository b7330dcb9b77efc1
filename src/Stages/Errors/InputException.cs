namespace Pipelines.Stages.Errors;

/// <summary>Bad input: a file, a folder or a setting that the user can mend. Shown without a stack trace; the program ends with exit code 2.</summary>
public sealed class InputException : Exception
{
    private const int Longest = 2000, Beginning = 1600;

    /// <summary>An error in <paramref name="where"/>.</summary>
    /// <param name="where">File, folder or setting, as the user knows it.</param>
    /// <param name="what">What is wrong, one sentence without the place.</param>
    /// <param name="remedy">What would be right or what to do; null where <paramref name="what"/> says it.</param>
    /// <param name="inner">The cause.</param>
    public InputException(string where, string what, string? remedy = null, Exception? inner = null)
        : base(Cut(remedy is null ? $"{where}: {what}" : $"{where}: {what} {remedy}"), inner)
    {
        Where = where;
        What = what;
        Remedy = remedy;
    }

    /// <summary>A damaged file may hold names of any length, and messages quote them: the beginning says where, the end what to do.</summary>
    private static string Cut(string message) => message.Length <= Longest ? message : $"{message[..Beginning]} … {message[^(Longest - Beginning)..]}";

    /// <summary>File, folder or setting.</summary>
    public string Where { get; }

    /// <summary>What is wrong.</summary>
    public string What { get; }

    /// <summary>What would be right, or null.</summary>
    public string? Remedy { get; }
}
