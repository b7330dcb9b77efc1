using System.CommandLine;
using Pipelines.Benchmarks;
using Pipelines.Domain.Errors;

// A verb a line, in the order of --help; docs/benchmarks.md has tables of these.
Command[] tabled =
[
    PeakBenchmark.Build(),
    GemmBenchmark.Build(),
    ForwardBenchmark.Build(),
    GradientBenchmark.Build(),
    PrefixBenchmark.Build(),
    AnswerBenchmark.Build(),
    ElasticNetBenchmark.Build(),
];
var root = new RootCommand(
    "How fast the program is beside its peers, alternated in one process. Times are the least of the rounds; ratios "
        + "and percentages go by processor time, which holds on a machine that others use, too."
);
Command[] verbs =
[
    .. tabled,
    Verb.Table(tabled),
    WholeBenchmark.Build(),
    StoreBenchmark.Build(),
    LoadBenchmark.Build(),
    SingleHeadBenchmark.Build(),
    TargetsBenchmark.Build(),
    SuffixBenchmark.Build(),
    FamilyBenchmark.Build(),
    FamilyBenchmark.BuildOne(),
    QuestionBenchmark.Build(),
    PageBenchmark.Build(),
    ScaleBenchmark.Build(),
    GpuBenchmark.Build(),
];
Array.ForEach(verbs, root.Add);
try
{
    ParseResult parsed = root.Parse(args);
    int code = parsed.Invoke(new() { EnableDefaultExceptionHandler = false });
    return parsed.Errors.Count > 0 ? 2 : code;
}
catch (InputException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}
