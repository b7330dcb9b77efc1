using System.Text;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>
/// A finished run with one damaged file, verified: it heals to the very same tables, or is refused in words. The
/// input's first line names the file below the artifacts folder (stored units by the order of their names, as keys are
/// not the same on every machine), the rest is its content. A link is replaced by a file.
/// </summary>
internal sealed class WholeRunTarget() : Target("whole-run", "artifacts", new ArtifactMutator())
{
    private readonly Lazy<IReadOnlyDictionary<string, string>> tables = new(() => SmallRun.Tables(SmallRun.Artifacts));

    public override int Fixed => 25;

    /// <summary>What was damaged is computed again, by the model.</summary>
    public override long Allowance(byte[] input) => 64 * Free;

    public override long? Read(byte[] input)
    {
        string artifacts = Path.Combine(Scratch.Folder(Name), "artifacts");
        SmallRun.Copy(SmallRun.Artifacts, artifacts, keepLinks: true);
        Lay(artifacts, ArtifactMutator.Split(input));
        (int code, string said) = SmallRun.Host(SmallRun.Spec, "--verify", "--artifacts", artifacts);
        if (code == Pipelines.Host.Program.BadInput && said.Length > 0)
        {
            return null;
        }

        if (code != 0)
        {
            throw new LawException($"exit code {code}", said);
        }

        IReadOnlyDictionary<string, string> found = SmallRun.Tables(artifacts);
        string? other = tables.Value.Keys.FirstOrDefault(t => tables.Value[t] != found.GetValueOrDefault(t));
        return other is null
            ? 0
            : throw new LawException("other tables", $"tables/{other} is not what the undamaged run has: {said}");
    }

    protected override IReadOnlyList<byte[]> MakeSeeds()
    {
        IReadOnlyDictionary<string, string> names = StoredNames(SmallRun.Artifacts);
        return
        [
            .. Directory
                .EnumerateFiles(SmallRun.Artifacts, "*", SearchOption.AllDirectories)
                // Named by the process that wrote it: its readers are targets of their own
                .Where(f => Path.GetFileName(Path.GetDirectoryName(f)) != StoreIndex.FolderName)
                .Order(StringComparer.Ordinal)
                .Select(f =>
                    ArtifactMutator.Join(
                        Portable(Path.GetRelativePath(SmallRun.Artifacts, f), names),
                        File.ReadAllBytes(f)
                    )
                )
                .OrderBy(i => Encoding.Latin1.GetString(i, 0, Math.Min(i.Length, 100)), StringComparer.Ordinal),
        ];
    }

    private static void Lay(string artifacts, (string Path, byte[] Content) damage)
    {
        string relative = damage.Path;
        foreach ((string key, string name) in StoredNames(artifacts))
        {
            if (relative.StartsWith(name + "/", StringComparison.Ordinal))
            {
                relative = key + relative[name.Length..];
            }
        }

        string full = Path.GetFullPath(Path.Combine(artifacts, relative.TrimEnd('/')));
        if (!full.StartsWith(artifacts + "/", StringComparison.Ordinal))
        {
            return;
        }

        if (File.Exists(full))
        {
            File.Delete(full);
        }

        if (relative.EndsWith('/'))
        {
            Directory.CreateDirectory(full);
        }
        else if (damage.Content.Length > 0 && Directory.Exists(Path.GetDirectoryName(full)) && !Directory.Exists(full))
        {
            File.WriteAllBytes(full, damage.Content);
        }
    }

    private static string Portable(string relative, IReadOnlyDictionary<string, string> names) =>
        names.FirstOrDefault(n => relative.StartsWith(n.Key + "/", StringComparison.Ordinal))
            is { Key: { } key, Value: { } name }
            ? name + relative[key.Length..]
            : relative;

    /// <summary>
    /// Folders of stored units, <c>cache/kind/key</c>, and their names by order, <c>cache/kind/#3</c>.
    /// </summary>
    private static Dictionary<string, string> StoredNames(string artifacts)
    {
        var names = new Dictionary<string, string>();
        foreach (string kind in Directory.EnumerateDirectories(Path.Combine(artifacts, "cache")))
        {
            var units = Directory
                .EnumerateDirectories(kind)
                .Select(u => (Folder: u, Manifest: Manifest.Read(Path.Combine(u, Manifest.FileName))))
                .Where(u => u.Manifest is not null)
                .OrderBy(u => u.Manifest!.Unit, StringComparer.Ordinal)
                .ThenBy(u => u.Folder, StringComparer.Ordinal)
                .ToList();
            for (int i = 0; i < units.Count; i++)
            {
                names[Path.GetRelativePath(artifacts, units[i].Folder)] = $"cache/{Path.GetFileName(kind)}/#{i}";
            }
        }

        return names;
    }
}
