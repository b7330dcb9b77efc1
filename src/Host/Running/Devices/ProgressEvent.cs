using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipelines.Host.Progress;

namespace Pipelines.Host.Running.Devices;

/// <summary>
/// What a process of a fleet tells the one that shows it: a call of <see cref="RunProgress"/> a line, and what it has
/// computed.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(StageShown), "stage")]
[JsonDerivedType(typeof(Advanced), "advance")]
[JsonDerivedType(typeof(AtWorkNow), "at-work")]
[JsonDerivedType(typeof(StageFinished), "finished")]
[JsonDerivedType(typeof(Said), "message")]
[JsonDerivedType(typeof(UnitsComputed), "computed")]
[JsonDerivedType(typeof(ExperimentBegun), "experiment")]
internal abstract record ProgressEvent
{
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>One line.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads a line; null where it is another text, which any library may write to the same output.</summary>
    public static ProgressEvent? Read(string line)
    {
        if (!line.StartsWith("{\"event\":", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<ProgressEvent>(line, Options);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return null;
        }
    }
}

/// <summary>A stage begins, or more of its work is known.</summary>
/// <inheritdoc cref="RunProgress.Stage"/>
internal sealed record StageShown(string Stage, long Done, long Total, string WorkUnit) : ProgressEvent;

/// <summary>Work was done.</summary>
internal sealed record Advanced(string Stage, long Work) : ProgressEvent;

/// <summary>Work on a stage begins or pauses.</summary>
internal sealed record AtWorkNow(string Stage, bool IsAtWork) : ProgressEvent;

/// <summary>A stage is over, for this process.</summary>
internal sealed record StageFinished(string Stage, string Summary, bool IsWhole) : ProgressEvent;

/// <summary>The process goes to an experiment of several: stages are of that one from here on.</summary>
internal sealed record ExperimentBegun(string Name) : ProgressEvent;

/// <summary>Units that the process has computed of one experiment.</summary>
internal sealed record UnitsComputed(int Count) : ProgressEvent;

/// <summary>A sentence for people.</summary>
internal sealed record Said(string Text) : ProgressEvent;
