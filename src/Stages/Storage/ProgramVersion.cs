using System.Reflection;

namespace Pipelines.Stages.Storage;

/// <summary>Which build of the program this is.</summary>
/// <param name="Version">Of Directory.Build.props.</param>
/// <param name="Commit">Of the repository that it was built in, 40 hexadecimal digits, with <c>-dirty</c> behind them
/// where it was built from files that the commit does not have; <see cref="Unknown"/> where it was built outside of
/// one.</param>
public sealed record ProgramVersion(string Version, string Commit)
{
    /// <summary>Stands for what nobody noted.</summary>
    public const string Unknown = "unknown";

    /// <summary>This build.</summary>
    public static ProgramVersion Here { get; } =
        Parse(
            typeof(ProgramVersion)
                .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion
                ?? Unknown
        );

    /// <summary>Reads <c>0.1.0+COMMIT</c>, as the SDK writes it into an assembly.</summary>
    public static ProgramVersion Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('+', 2) is [var version, { Length: > 0 } commit]
            ? new ProgramVersion(version, commit)
            : new ProgramVersion(text.TrimEnd('+'), Unknown);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Version}+{Commit}";
}
