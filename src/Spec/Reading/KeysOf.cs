using Pipelines.Spec.Shapes;

namespace Pipelines.Spec.Reading;

/// <summary>
/// The keys that a mapping may hold and those it must; says in the end which are unknown and which are missing.
/// </summary>
/// <param name="map">The mapping.</param>
/// <param name="path">The field that it is.</param>
/// <param name="errors">Takes what is wrong.</param>
/// <param name="whole">The whole document: a key that has no place here may have one elsewhere in it.</param>
internal sealed class KeysOf(YamlMap map, string path, ErrorList errors, Shape.Fields whole)
{
    private readonly List<string> known = [];
    private readonly List<string> ofFiles = [];
    private readonly List<(string Key, string Wanted)> missing = [];
    private readonly List<(Shape.Family Family, Shape.Fields Chosen)> families = [];
    private readonly Dictionary<string, string> below = new(StringComparer.Ordinal);
    private bool acceptAll;

    public void Known(string key) => known.Add(key);

    /// <summary>
    /// Keys that a file may hold here and that are taken out before its mapping is bound: they are among what is
    /// allowed, but one that is still there was set by <c>--set</c> or a matrix, where it comes too late.
    /// </summary>
    public void OfFiles(params string[] keys) => ofFiles.AddRange(keys);

    public void Missing(string key, string wanted) => missing.Add((key, wanted));

    /// <summary>
    /// A family of which <paramref name="chosen"/> was taken: a key of another member is told as such.
    /// </summary>
    public void Others(Shape.Family family, Shape.Fields chosen) => families.Add((family, chosen));

    /// <summary>Free names that stand below a key: one of them in this mapping is a level too high.</summary>
    public void Below(string key, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            below[name] = $"{key}.{name}";
        }
    }

    /// <summary>It is not known which keys are right: the choosing key was wrong, and that is error enough.</summary>
    public void AcceptAll() => acceptAll = true;

    public void Finish()
    {
        List<YamlText> unknown = [.. map.Entries.Select(e => e.Key).Where(k => !known.Contains(k.Text))];
        var meant = new HashSet<string>();
        foreach (YamlText key in unknown)
        {
            if (errors.IsCut)
            {
                return;
            }

            string[] all = [.. known, .. ofFiles];
            string? near = Nearest.To(key.Text, all.Where(k => map.Find(k) is null)) ?? Nearest.To(key.Text, all);
            if (near is not null)
            {
                meant.Add(near);
            }

            if (!acceptAll)
            {
                AddUnknown(key, near);
            }
            else if (missing.Any(m => m.Key == near))
            {
                errors.Add(key.At, path, $"unknown key {ErrorList.Quote(key.Text)}", null, near);
            }
        }
        foreach ((string key, string wanted) in missing)
        {
            if (!meant.Contains(key))
            {
                errors.Add(map.At, path, $"the key '{key}' is missing", wanted);
            }
        }
    }

    private void AddUnknown(YamlText key, string? near)
    {
        if (ofFiles.Contains(key.Text))
        {
            errors.Add(key.At, path, $"{ErrorList.Quote(key.Text)} can only stand in the file itself");
            return;
        }

        string what = $"unknown key {ErrorList.Quote(key.Text)}";
        string? owner = families.Select(f => Owner(f.Family, f.Chosen, key.Text)).LastOrDefault(o => o is not null);
        if (owner is not null)
        {
            what = $"the key {ErrorList.Quote(key.Text)} belongs to {owner}";
        }
        else if (near is null)
        {
            near = below.GetValueOrDefault(key.Text) ?? Elsewhere(whole, "", key.Text);
        }

        errors.Add(key.At, path, what, string.Join(", ", [.. known, .. ofFiles]), owner is null ? near : null);
    }

    private static string? Owner(Shape.Family family, Shape.Fields chosen, string key)
    {
        string[] owners = [.. family.Members.Where(m => m.Value != chosen && Has(m.Value, key)).Select(m => m.Key)];
        string mine =
            chosen == family.ByValue ? chosen.All[0].Shape.Wanted : family.Members.First(m => m.Value == chosen).Key;
        return owners.Length == 0 ? null : $"{family.Key} {string.Join(" or ", owners)}, not {mine}";
    }

    private static bool Has(Shape.Fields record, string key) =>
        record.All.Any(f =>
            f.Name == key || (f.Inline && f.Shape is Shape.Family family && family.Members.Values.Any(m => Has(m, key)))
        );

    /// <summary>The path of a field of this very name in another part of the document.</summary>
    private static string? Elsewhere(Shape.Fields record, string path, string key)
    {
        foreach (Field field in record.All)
        {
            string here = Binder.Join(path, field.Name);
            if (field.Name == key)
            {
                return here;
            }

            IEnumerable<Shape.Fields> below = field.Shape switch
            {
                Shape.Fields inner => [inner],
                Shape.Family family => family.Members.Values,
                _ => [],
            };
            if (below.Select(b => Elsewhere(b, here, key)).FirstOrDefault(p => p is not null) is { } found)
            {
                return found;
            }
        }
        return null;
    }
}
