using System.Collections.Concurrent;
using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;

namespace Pipelines.Stages.Storage;

/// <summary>
/// Copies of models on a machine's own disk, so that many processes of one machine read a shared one once. Keys do not
/// know of them: digests are those of the shared files, made while these are copied and kept beside the copy. A copy is
/// only ever seen whole, under its final name; one process makes it while the others wait. Where there is no room, no
/// folder or no own disk, the shared files are used, and that is said.
/// </summary>
/// <param name="root">Folder on the machine's own disk.</param>
/// <param name="digests">Learns the digests of the shared files.</param>
/// <param name="say">Takes a sentence for people.</param>
public sealed class StagedModels(string root, FileDigests digests, Action<string> say)
{
    private const string RecordFile = ".staged.json",
        Claim = ".claim-",
        Part = ".part-",
        ModelFolder = "model";

    /// <summary>Bytes that stay free beside a copy.</summary>
    private const long Spare = 1L << 30;

    private static readonly JsonSerializerOptions Options = new()
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>File systems that are memory: a copy there would be taken from the job's own.</summary>
    private static readonly string[] Memory = ["tmpfs", "ramfs", "rootfs"];

    private readonly ConcurrentDictionary<string, Lazy<string>> staged = new(StringComparer.Ordinal);

    /// <summary>A copy whose maker has written nothing for so long is given up: it was killed.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The copy of a model's folder, made at the first call; the folder itself where there is none.</summary>
    /// <param name="folder">The shared folder.</param>
    /// <param name="files">The files in it that are read.</param>
    public string FolderOf(string folder, IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(files);
        return staged
            .GetOrAdd(Path.GetFullPath(folder), full => new Lazy<string>(() => Copied(full, files) ?? full))
            .Value;
    }

    private string? Copied(string folder, IReadOnlyList<string> files)
    {
        try
        {
            string own = OwnFolder();
            Dictionary<string, FileIdentity> now = files.ToDictionary(
                f => Path.GetRelativePath(folder, f),
                f => FileIdentity.Of(f) ?? throw new IOException($"{f} is gone"),
                StringComparer.Ordinal
            );
            string target = Path.Combine(own, NameOf(folder, now));
            Staged? record;
            while ((record = Read(target, folder, now)) is null)
            {
                if (Take(target) is { } claim && MakeIn(claim, folder, now, target) is { } why)
                {
                    return Shared(folder, why);
                }
            }

            foreach (StagedFile file in record.Files.Where(f => f.Digest is not null))
            {
                digests.Learn(Path.Combine(folder, file.Name), now[file.Name], file.Digest!);
            }

            return target;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InputException)
        {
            return Shared(folder, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>
    /// A folder that nobody else may write to: under a name that everybody knows, others could lay weights of their
    /// own.
    /// </summary>
    private string OwnFolder()
    {
        const UnixFileMode onlyMine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        string own = Path.Combine(root, $"pipelines-{Environment.UserName}");
        if (OperatingSystem.IsWindows())
        {
            return Directory.CreateDirectory(own).FullName;
        }

        Directory.CreateDirectory(root);
        Directory.CreateDirectory(own, onlyMine);
        return File.GetUnixFileMode(own) == onlyMine ? own : throw new IOException($"{own} can be entered by others");
    }

    private string? Shared(string folder, string why)
    {
        say($"The model is not copied to {root}: {why}. It is read from {folder}.");
        return null;
    }

    /// <summary>Another folder, or other files in it, have another name.</summary>
    private static string NameOf(string folder, Dictionary<string, FileIdentity> files)
    {
        string all = string.Join('\n', files.OrderBy(f => f.Key, StringComparer.Ordinal));
        return $"{Path.GetFileName(folder)}-{FileDigests.OfText($"{folder}\n{all}")[..16]}";
    }

    /// <summary>What is wrong with the disk, or null.</summary>
    private string? WhyNot(long bytes)
    {
        var drive = new DriveInfo(root);
        return Memory.Contains(drive.DriveFormat) ? $"it is memory ({drive.DriveFormat}), which the job would lack"
            : drive.AvailableFreeSpace < bytes + Spare
                ? Invariant.Text(
                    $"the model has {bytes / 1e9:0.0} GB, and {drive.AvailableFreeSpace / 1e9:0.0} GB are free there"
                )
            : null;
    }

    /// <summary>The record of a whole copy of these very files; null where there is none.</summary>
    private static Staged? Read(string target, string folder, Dictionary<string, FileIdentity> now)
    {
        string file = Path.Combine(target, RecordFile);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            return
                JsonSerializer.Deserialize<Staged>(RegularFile.ReadAllBytes(file), Options) is { } record
                && record.Folder == folder
                && record.Files.Count == now.Count
                && record.Files.All(f =>
                    now.TryGetValue(f.Name, out FileIdentity? identity)
                    && new FileInfo(Path.Combine(target, f.Name)) is { Exists: true } copy
                    && copy.Length == identity.Bytes
                )
                ? record
                : throw new IOException($"{target} is no copy of it");
        }
        catch (JsonException)
        {
            throw new IOException($"{file} is damaged: delete {target}");
        }
    }

    /// <summary>
    /// Waits for the right to make the copy. A claim is a folder that is renamed to a number's name, which one process
    /// can; none is ever taken away from its holder. Whoever waits looks at the part that the holder writes, and goes
    /// on to the next number where it has not grown for long by its own clock.
    /// </summary>
    /// <returns>The claim's folder; null where another's copy stands, or its claim is gone.</returns>
    private string? Take(string target)
    {
        for (int number = 1; ; number++)
        {
            string claim = Invariant.Text($"{target}{Claim}{number}"),
                own = $"{target}{Part}{Guid.NewGuid():N}";
            Directory.CreateDirectory(Path.Combine(own, ModelFolder));
            try
            {
                Directory.Move(own, claim);
                return claim;
            }
            catch (IOException)
            {
                Directory.Delete(own, recursive: true);
            }

            if (!IsGivenUp(claim, target))
            {
                return null;
            }
        }
    }

    /// <summary>Waits until a claim's copy stands or the claim is gone (false), or nothing is written (true).</summary>
    private bool IsGivenUp(string claim, string target)
    {
        const int pause = 200;
        long before = -1;
        var still = System.Diagnostics.Stopwatch.StartNew();
        while (still.Elapsed < Patience)
        {
            if (Directory.Exists(target) || !Directory.Exists(claim))
            {
                return false;
            }

            long now = BytesIn(claim);
            if (now != before)
            {
                before = now;
                still.Restart();
            }

            Thread.Sleep(pause);
        }

        return true;
    }

    private static long BytesIn(string folder)
    {
        try
        {
            return new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(f => f.Length);
        }
        catch (IOException)
        {
            return -1; // it was renamed meanwhile
        }
    }

    /// <summary>Makes the copy under a claim, which is given back.</summary>
    /// <returns>Why it was not made, or null.</returns>
    private string? MakeIn(string claim, string folder, Dictionary<string, FileIdentity> files, string target)
    {
        string part = Path.Combine(claim, ModelFolder);
        try
        {
            EmptyOthers(target, claim);
            if (Directory.Exists(target))
            {
                return null; // while the claim was taken
            }

            if (WhyNot(files.Values.Sum(i => i.Bytes)) is { } why)
            {
                return why;
            }

            say($"The model is copied to {target}.");
            var copied = new List<StagedFile>();
            foreach (string name in files.Keys)
            {
                string copy = Path.Combine(part, name);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                copied.Add(new StagedFile(name, digests.Copy(Path.Combine(folder, name), copy)));
            }

            AtomicFile.Write(
                Path.Combine(part, RecordFile),
                JsonSerializer.SerializeToUtf8Bytes(new Staged(folder, copied), Options)
            );
            Directory.Move(part, target);
            return null;
        }
        catch (IOException) when (Directory.Exists(target))
        {
            return null; // somebody who took this process for dead was faster: the copies are alike
        }
        finally
        {
            Remove(claim);
            foreach (string given in Directory.Exists(target) ? ClaimsOf(target) : [])
            {
                Remove(given);
            }
        }
    }

    /// <summary>
    /// Room that a killed process took is room again. Its claim stays until the copy stands: a number that is free once
    /// more would be taken by a process that does not know of those behind it.
    /// </summary>
    private static void EmptyOthers(string target, string claim)
    {
        foreach (string other in ClaimsOf(target).Where(c => c != claim))
        {
            Remove(Path.Combine(other, ModelFolder));
        }
    }

    private static string[] ClaimsOf(string target) =>
        Directory.GetDirectories(Path.GetDirectoryName(target)!, $"{Path.GetFileName(target)}{Claim}*");

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process removes it, too
        }
    }

    /// <summary>What a copy is of.</summary>
    private sealed record Staged(string Folder, IReadOnlyList<StagedFile> Files);

    /// <summary>A file of it; no digest where it changed so shortly before that one could not be relied on.</summary>
    private sealed record StagedFile(string Name, string? Digest);
}
