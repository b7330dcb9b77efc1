using System.Collections.Concurrent;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Pipelines.Spec.Shapes;

/// <summary>
/// The one-line docs of the records, read from the files that the compiler writes beside the assemblies. Without such a
/// file there are no notes, and nothing else changes.
/// </summary>
internal static partial class XmlDocs
{
    private static readonly ConcurrentDictionary<Assembly, Dictionary<string, XElement>> Summaries = new();

    /// <summary>The summary of a property as plain text, or "".</summary>
    public static string Summary(PropertyInfo property) =>
        Summary(property.DeclaringType!.Assembly, $"P:{property.DeclaringType.FullName}.{property.Name}");

    /// <summary>The summary of a type as plain text, or "".</summary>
    public static string Summary(Type type) => Summary(type.Assembly, $"T:{type.FullName}");

    private static string Summary(Assembly assembly, string member) =>
        Summaries.GetOrAdd(assembly, Load).TryGetValue(member, out XElement? summary)
            ? Blanks().Replace(string.Concat(summary.Nodes().Select(Plain)), " ").Trim()
            : "";

    private static string Plain(XNode node) =>
        node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" } see when see.Attribute("cref") is { } reference => ShortName(
                reference.Value
            ),
            XElement { Name.LocalName: "paramref" } parameter => parameter.Attribute("name")?.Value ?? "",
            XElement element => element.Value,
            _ => "",
        };

    /// <summary>A property is known to readers of a file by its key, a type by its name.</summary>
    private static string ShortName(string cref)
    {
        string last = cref[(cref.LastIndexOf('.') + 1)..];
        return cref.StartsWith("P:", StringComparison.Ordinal) ? Spelling.Key(last) : last;
    }

    private static Dictionary<string, XElement> Load(Assembly assembly)
    {
        string file = Path.Combine(AppContext.BaseDirectory, assembly.GetName().Name + ".xml");
        try
        {
            return XDocument
                .Load(file)
                .Descendants("member")
                .Where(m => m.Attribute("name") is not null && m.Element("summary") is not null)
                .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("summary")!, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException)
        {
            return [];
        }
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
