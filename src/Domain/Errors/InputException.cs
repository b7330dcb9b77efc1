namespace Pipelines.Domain.Errors;

/// <summary>
/// Bad input: a file, a folder or a setting that the user can mend. Its message is one line, names in it quoted
/// (<see cref="Shown"/>). Shown without a stack trace; the program ends with exit code 2.
/// </summary>
public class InputException : Exception
{
    /// <summary>An error in <paramref name="where"/>.</summary>
    /// <param name="where">File, folder or setting, as the user knows it.</param>
    /// <param name="what">What is wrong, one sentence without the place.</param>
    /// <param name="remedy">What would be right or what to do; null where <paramref name="what"/> says it.</param>
    /// <param name="inner">The cause.</param>
    public InputException(string where, string what, string? remedy = null, Exception? inner = null)
        : base(Shown.Name(remedy is null ? $"{where}: {what}" : $"{where}: {what} {remedy}"), inner)
    {
        Where = where;
        What = what;
        Remedy = remedy;
    }

    /// <summary>File, folder or setting.</summary>
    public string Where { get; }

    /// <summary>What is wrong.</summary>
    public string What { get; }

    /// <summary>What would be right, or null.</summary>
    public string? Remedy { get; }

    /// <summary>The same error, said to be in one experiment of several.</summary>
    /// <param name="experiment">The experiment's name.</param>
    public InputException In(string experiment) => new($"{experiment}: {Where}", What, Remedy, this);

    /// <summary>
    /// Where, what and remedy. A damaged file may hold names of any length, and messages quote them: of a long one the
    /// beginning, which says where, and the end, which says what to do.
    /// </summary>
    public override string Message =>
        base.Message.Length <= Longest
            ? base.Message
            : $"{base.Message[..Beginning]} … {base.Message[^(Longest - Beginning)..]}";

    private const int Longest = 2000,
        Beginning = 1600;
}
