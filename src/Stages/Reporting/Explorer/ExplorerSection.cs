namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>
/// The explorer's place in the page: data and script. Without scripting nothing of it is seen, and the page is whole.
/// </summary>
internal static class ExplorerSection
{
    /// <summary>
    /// The parts of the script, in order: what runs at once uses those before it, functions may use any.
    /// </summary>
    private static readonly string[] Parts =
    [
        "data.js",
        "numbers.js",
        "elements.js",
        "maps.js",
        "charts.js",
        "browse.js",
        "head.js",
        "sample.js",
        "object.js",
        "routes.js",
    ];

    /// <summary>The data and the script.</summary>
    public static string Of(ExplorerFiles files) => files.Blocks + "<script>\n" + Script + "</script>\n";

    private static string Script { get; } =
        "(() => {\n" + string.Concat(Parts.Select(part => PageFile.Read("Explorer/" + part))) + "})();\n";

    /// <summary>Its style sheet.</summary>
    public static string Css { get; } = PageFile.Read("Explorer/explorer.css");
}
