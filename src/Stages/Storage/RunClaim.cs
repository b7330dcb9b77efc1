using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// A process's word that it works under the name of a run, as <c>.claims/ID</c> in the run's folder. Processes with the
/// same settings may work side by side, they write the same; one with other settings is
/// refused as long as another is at work.
/// </summary>
public sealed class RunClaim : IDisposable
{
    private const string ClaimsFolder = ".claims";
    private readonly string path;

    private RunClaim(string folder, string settings, StoreLease lease, string path, bool isAlone)
    {
        (Folder, Settings, Lease, IsAlone) = (folder, settings, lease, isAlone);
        this.path = path;
    }

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    /// <summary>Nobody else was at work under the name when this process began.</summary>
    public bool IsAlone { get; }

    /// <summary>The run's folder was deleted behind it.</summary>
    public bool IsGone => !NetworkDisk.IsThere(path);

    /// <summary>
    /// Name of a file that grows while the run goes on: one of its own for each process that works beside others, for
    /// two that append to one file overwrite each other.
    /// </summary>
    /// <param name="name">The name where a process is alone, for example <c>log.txt</c>.</param>
    public string GrowingFile(string name)
    {
        const int Digits = 8;
        string own = IsAlone ? name : $"{Path.GetFileNameWithoutExtension(name)}.{Lease.Id[..Digits]}.txt";
        return Path.Combine(Folder, own);
    }

    /// <summary>Every resolved setting, as <see cref="RunFolder.SettingsFile"/> holds them.</summary>
    public string Settings { get; }

    /// <summary>This process, as others know it in the store.</summary>
    public StoreLease Lease { get; }

    /// <summary>
    /// Begins to work under a name: writes the settings of the run. Results of other settings are removed before, and
    /// before these what says that they are whole: at no moment do they stand beside the new
    /// settings as if they were theirs.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="settings">Every resolved setting.</param>
    /// <param name="store">The store that the run computes into.</param>
    /// <exception cref="InputException">Another process works under the name with other settings.</exception>
    public static RunClaim Take(string folder, string settings, ArtifactStore store) =>
        NetworkDisk.Persist(() => TakeNow(folder, settings, store));

    private static RunClaim TakeNow(string folder, string settings, ArtifactStore store)
    {
        string claims = Path.Combine(folder, ClaimsFolder),
            digest = FileDigests.OfText(settings),
            own = Path.Combine(claims, store.Lease.Id);
        Directory.CreateDirectory(claims);
        using FileLock held = RunFolder.LockOf(folder);
        Leases leases = store.Leases;
        bool isAlone = true;
        foreach (string other in Directory.EnumerateFiles(claims).Where(f => f != own))
        {
            LeaseHolder holder = leases.Of(Path.GetFileName(other), other);
            isAlone &= holder.State == WorkerState.Ended;
            if (
                holder.State == WorkerState.AtWork
                && SettingsOf(other) is { } settingsOfOther
                && settingsOfOther != digest
            )
            {
                string sign = holder.Silence is { } silence
                    ? $", last heard of {Math.Max(0, (int)silence.TotalSeconds)} s ago"
                    : "";
                throw new InputException(
                    folder,
                    $"another process works under this name with other settings ({holder.Name}{sign}).",
                    "Wait until it has ended, or give this run another name: --set name=NAME."
                );
            }

            if (holder.State == WorkerState.Ended)
            {
                NetworkDisk.Delete(other);
            }
        }

        File.WriteAllText(own, digest);
        RunFolder.WriteSettings(folder, settings);
        return new RunClaim(folder, settings, store.Lease, own, isAlone);
    }

    /// <summary>Digest of the settings of a claim; null where it has just been given up.</summary>
    private static string? SettingsOf(string claim)
    {
        try
        {
            return RegularFile.ReadAllText(claim);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is left, and known as that of a process that has ended.
        }
    }
}
