using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipelines.Stages.Storage;

/// <summary>
/// <c>run.json</c> of a run's folder: where its results come from. All of it is what the manifests of its units and the
/// files that they read say, none of it what the moment says: written again, for a file that was lost or for a page
/// made anew, it is the same, and a run that finds everything stored does not make it "0 s".
/// </summary>
/// <param name="Name">The run's name.</param>
/// <param name="Command">The command that gives the results again.</param>
/// <param name="Program">Version of the build that computed the last of the units, which is the page where there is
/// one.</param>
/// <param name="Commit">Its commit.</param>
/// <param name="Finished">When that unit was finished, UTC.</param>
/// <param name="Spec">Every resolved setting.</param>
/// <param name="Model">Weights, configuration, tokenizer and preprocessing.</param>
/// <param name="Annotations">Files that say what pictures show, or what is asked about them.</param>
/// <param name="Pictures">Pictures that were read.</param>
/// <param name="Makers">Who computed the units.</param>
/// <param name="Stages">Units by stage and kind, in the order of the stages.</param>
public sealed record RunRecord(
    string Name,
    string Command,
    string Program,
    string Commit,
    DateTime Finished,
    RecordedFile Spec,
    IReadOnlyList<RecordedFile> Model,
    IReadOnlyList<RecordedFile> Annotations,
    RecordedPictures Pictures,
    IReadOnlyList<Maker> Makers,
    IReadOnlyList<StageRecord> Stages
)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "run.json";

    /// <summary>Classes of arithmetic that meet in the run; null where all of it comes from one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClassMeeting? ClassesMeet { get; init; }

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>UTF-8 JSON.</summary>
    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Options), (byte)'\n'];

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static RunRecord FromJson(byte[] json) =>
        JsonSerializer.Deserialize<RunRecord>(json, Options) ?? throw new JsonException("null");
}

/// <summary>A file that was read.</summary>
/// <param name="File">Name.</param>
/// <param name="Bytes">Length.</param>
/// <param name="Sha256">Hexadecimal.</param>
public sealed record RecordedFile(string File, long Bytes, string Sha256);

/// <summary>Pictures that were read.</summary>
/// <param name="Count">How many files.</param>
/// <param name="Sha256">Of the text that <c>sha256sum</c> prints of them, in the order of <paramref name="Files"/>.
/// </param>
/// <param name="Files">Paths below the folder that holds them all, in order of their names.</param>
public sealed record RecordedPictures(int Count, string Sha256, IReadOnlyList<RecordedFile> Files);

/// <summary>A build of the program on a machine with some settings that change no result, only how long it takes.
/// </summary>
/// <param name="Program">Version of the build.</param>
/// <param name="Commit">Its commit.</param>
/// <param name="Machine">The host's name.</param>
/// <param name="Processor">As the system calls it.</param>
/// <param name="System">Operating system.</param>
/// <param name="Device">What the model was run on, and in which arithmetic.</param>
/// <param name="Threads">Arithmetic threads altogether; null where nobody noted it.</param>
/// <param name="Jobs">Units computed at the same time; null likewise.</param>
/// <param name="Libraries">Versions of the libraries that take part in the arithmetic.</param>
public sealed record Maker(
    string Program,
    string Commit,
    string Machine,
    string Processor,
    string System,
    string Device,
    int? Threads,
    int? Jobs,
    IReadOnlyDictionary<string, string> Libraries
);

/// <summary>A stage's units of one kind.</summary>
/// <param name="Stage">Name in the spec.</param>
/// <param name="Kind">Kind of the units.</param>
/// <param name="Version">Version of the kind's bytes.</param>
/// <param name="Units">How many.</param>
/// <param name="Work">Their size.</param>
/// <param name="CountedIn">What <paramref name="Work"/> counts: masks, pictures, fits.</param>
/// <param name="Computed">By whom, when and in which time.</param>
public sealed record StageRecord(
    string Stage,
    string Kind,
    int Version,
    int Units,
    long Work,
    string CountedIn,
    IReadOnlyList<Computed> Computed
);

/// <summary>Units that one maker computed.</summary>
/// <param name="Maker">Index in <see cref="RunRecord.Makers"/>.</param>
/// <param name="Units">How many.</param>
/// <param name="Cached">Of them, those that the process which computed the last unit of the run found stored.</param>
/// <param name="Work">Their size.</param>
/// <param name="First">When the first was begun, UTC.</param>
/// <param name="Last">When the last was finished, UTC.</param>
/// <param name="WallSeconds">Time by the clock while at least one of them was at work, pauses left out.</param>
/// <param name="UnitSeconds">Sum of the units' own times: more, where several were at work at once.</param>
/// <param name="PerSecond"><paramref name="Work"/> by <paramref name="WallSeconds"/>.</param>
public sealed record Computed(
    int Maker,
    int Units,
    int Cached,
    long Work,
    DateTime First,
    DateTime Last,
    double WallSeconds,
    double UnitSeconds,
    double PerSecond
);
