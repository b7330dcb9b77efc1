using System.Text.Json;
using System.Text.Json.Serialization;
using Pipelines.Files;
using Pipelines.Stages.Reporting;

namespace Pipelines.Host.Running.Slurm;

/// <summary>
/// What was submitted at a time: kept beside the run, since nothing else remembers the jobs' numbers.
/// </summary>
/// <param name="Submitted">When, UTC.</param>
/// <param name="Jobs">In order: arrays, then the report.</param>
/// <param name="Settings">The <see cref="SettingsDigest"/> of what they compute; null where it was not kept.</param>
/// <param name="ClusterHere">The cluster as its controller calls it where it was submitted; null where it was not
/// kept.</param>
internal sealed record Submission(
    DateTime Submitted,
    IReadOnlyList<SubmittedJob> Jobs,
    string? Settings = null,
    string? ClusterHere = null
)
{
    private const string FileName = "jobs.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>The folder that holds the script, the logs and the numbers; not part of the file.</summary>
    [JsonIgnore]
    public string Folder { get; init; } = "";

    /// <summary>Folder with a folder a submission, beside the run's results.</summary>
    /// <param name="artifacts">Folder for the cache and the runs.</param>
    /// <param name="name">Name of the spec, without the axes of its matrix.</param>
    public static string FolderOf(string artifacts, string name) =>
        Path.Combine(Path.GetFullPath(artifacts), "runs", name, "slurm");

    /// <summary>The submissions of a spec, the earliest first. One that is damaged is said and left out.</summary>
    /// <param name="folder">As <see cref="FolderOf"/>.</param>
    /// <param name="say">Takes a sentence for people.</param>
    public static IReadOnlyList<Submission> All(string folder, Action<string> say)
    {
        var found = new List<Submission>();
        IEnumerable<string> files = Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder).Select(d => Path.Combine(d, FileName)).Where(File.Exists)
            : [];
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            if (Read(file) is { } submission)
            {
                found.Add(submission);
            }
            else
            {
                say($"{file} is damaged: the numbers of its jobs are not known.");
            }
        }

        return [.. found.OrderBy(s => s.Submitted)];
    }

    /// <summary>The cluster that has its jobs, which may be another than the one here; null where not known.</summary>
    [JsonIgnore]
    public string? Cluster => Jobs.Select(j => j.Cluster).FirstOrDefault(c => c is not null) ?? ClusterHere;

    /// <summary>Its jobs that still are, or will be, at work.</summary>
    /// <param name="queue">What the queue says.</param>
    public IEnumerable<SubmittedJob> AliveIn(IReadOnlyList<JobLine> queue) =>
        Jobs.Where(job => queue.Any(line => line.HasNumberOf(job) && line.IsOf(this) && QueueText.IsAlive(line)));

    /// <summary>Its jobs whose numbers the queue has given to another.</summary>
    /// <inheritdoc cref="AliveIn"/>
    public IEnumerable<SubmittedJob> NumberedAnewIn(IReadOnlyList<JobLine> queue) =>
        Jobs.Where(job =>
            queue.Where(line => line.HasNumberOf(job)) is var of && of.Any() && !of.Any(l => l.IsOf(this))
        );

    /// <summary>Writes the file.</summary>
    public void Write() =>
        AtomicFile.Write(Path.Combine(Folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Options));

    private static Submission? Read(string file)
    {
        try
        {
            return
                JsonSerializer.Deserialize<Submission>(RegularFile.ReadAllBytes(file), Options) is { } read
                && read.Jobs.All(j => j.IsWhole)
                ? read with
                {
                    Folder = Path.GetDirectoryName(file)!,
                }
                : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A job that was submitted.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Role">What it is for: <c>array</c>, <c>follow-up 1</c>, <c>report</c>.</param>
/// <param name="Elements">Elements of an array; null of a job alone.</param>
/// <param name="Cluster">The cluster that it was sent to; null where there is one only.</param>
internal sealed record SubmittedJob(string Id, string Role, int? Elements, string? Cluster = null)
{
    /// <summary>A number, and a name, that may be given to Slurm's programs.</summary>
    internal bool IsWhole =>
        Id.Length is > 0 and < 20
        && Id.All(char.IsAsciiDigit)
        && Elements is null or > 0
        && Cluster?.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') != false;

    /// <summary>For people.</summary>
    public override string ToString() =>
        Elements is { } size ? $"{Id} ({Role}, {Format.Many(size, "job")})" : $"{Id} ({Role})";
}
