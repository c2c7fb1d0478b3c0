namespace __NAMESPACE__;

/// <summary>
/// Where the application starts on your own machine: <c>dotnet run</c> serves it with Kestrel.
/// Lambda does not come through here; it calls <see cref="LambdaEntryPoint"/>.
/// </summary>
public static class LocalEntryPoint
{
    public static void Main(string[] args)
    {
        CreateHostBuilder(args).Build().Run();
    }

    public static IHostBuilder CreateHostBuilder(string[] args) =>
        Host.CreateDefaultBuilder(args)
            .ConfigureWebHostDefaults(web => web.UseStartup<Startup>());
}
